"""`-o mlflow=RUN`: metrics, tags and the reports of results in a run on the server of MLFLOW_TRACKING_URI.

RUN is the id of a run, which is logged to and stays as it is, or else the name of a new one. Experiment, server and
credentials are what MLflow takes from the environment.
"""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from losscli.cli.destinations.runs import Logged, TrackedRun
from losscli.lazy import pattern

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_ID = pattern(r"[0-9a-f]{32}")
_METRICS, _TAGS = 1000, 100  # in one request
_TEXT = 5000  # characters of the value of a tag


class MlflowRun(TrackedRun):
    """A run of MLflow."""

    module = "mlflow"
    extra = "mlflow"
    setting = "MLFLOW_TRACKING_URI names the server, such as http://localhost:5000 or sqlite:///mlflow.db"

    def check(self) -> None:
        """Ask the server for an experiment, and for the run where it has an id."""
        self.asked(lambda: self._client.search_experiments(max_results=1))
        if _ID.fullmatch(self.run):
            self.asked(lambda: self._client.get_run(self.run), "IO_NOT_FOUND", "RUN is the id of a run, or a new name")

    def log(self, found: Logged) -> None:
        """Log all of it; a run that could not be finished is a failed one."""
        if _ID.fullmatch(self.run):
            self.asked(lambda: self._send(self.run, found))
            return
        run_id = self.asked(self._created)
        try:
            self.asked(lambda: self._send(run_id, found))
        except BaseException:
            with suppress(Exception):
                self._client.set_terminated(run_id, "FAILED")
            raise
        self.asked(lambda: self._client.set_terminated(run_id))

    @cached_property
    def _client(self) -> MlflowClient:
        # A server that is not there is an error in seconds; a print would be among the results.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
        from mlflow.tracking import MlflowClient

        for name in ("mlflow", "alembic"):  # the import sets their levels
            logging.getLogger(name).setLevel(logging.WARNING)
        return MlflowClient()

    def _created(self) -> str:
        client, experiment, name = self._client, os.environ.get("MLFLOW_EXPERIMENT_ID"), "MLFLOW_EXPERIMENT_NAME"
        if experiment is None and (named := os.environ.get(name)) is not None:
            known = client.get_experiment_by_name(named)
            experiment = client.create_experiment(named) if known is None else known.experiment_id
        return str(client.create_run(experiment or "0", run_name=self.run).info.run_id)

    def _send(self, run_id: str, found: Logged) -> None:
        from mlflow.entities import Metric, RunTag

        now = int(1000 * time.time())
        metrics = [Metric(name, value, now, 0) for name, value in found.metrics.items()]
        tags = [RunTag(name, text[:_TEXT]) for name, text in found.tags.items()]
        for start in range(0, len(tags), _TAGS):
            self._client.log_batch(run_id, tags=tags[start : start + _TAGS])
        for start in range(0, len(metrics), _METRICS):
            self._client.log_batch(run_id, metrics=metrics[start : start + _METRICS])
        self._client.log_text(run_id, found.page, "losscli/report.html")
        self._client.log_text(run_id, found.document, "losscli/report.json")


destination = MlflowRun
