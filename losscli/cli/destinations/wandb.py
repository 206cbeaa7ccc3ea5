"""`-o wandb=RUN`: metrics, verdicts and the HTML report of results in a run of Weights & Biases.

RUN is the name of a new run. Project, server and credentials are what W&B takes from the environment; with
WANDB_MODE=offline the run stays in the folder wandb until `wandb sync`.
"""

from __future__ import annotations

import os
from typing import Any

from losscli.cli.destinations.runs import Logged, TrackedRun

_WITHOUT_SERVER = ("offline", "disabled", "dryrun")
_PATIENCE = 30  # seconds until a server that does not answer is an error


class WandbRun(TrackedRun):
    """A run of Weights & Biases."""

    module = "wandb"
    extra = "wandb"
    setting = "WANDB_BASE_URL names the server; WANDB_MODE=offline goes without"

    def check(self) -> None:
        """Find out whether there are credentials, where a server needs them."""
        if os.environ.get("WANDB_MODE", "online") in _WITHOUT_SERVER:
            return
        self.asked(_signed_in, "IO_PERMISSION", "wandb login, or WANDB_API_KEY; WANDB_MODE=offline goes without")

    def log(self, found: Logged) -> None:
        """Log all of it."""
        self.asked(lambda: self._send(found))

    def _send(self, found: Logged) -> None:
        wandb = _quiet()
        settings = wandb.Settings(silent=True, console="off", init_timeout=_PATIENCE)
        run = wandb.init(name=self.run, job_type="losscli", config=dict(found.tags), settings=settings)
        try:
            page = wandb.Html(found.page, inject=False)
            run.log({**found.metrics, "losscli/report": page})
        except BaseException:
            run.finish(exit_code=1)
            raise
        run.finish()


def _quiet() -> Any:
    os.environ.setdefault("WANDB_SILENT", "true")
    import wandb

    return wandb


def _signed_in() -> None:
    if not _quiet().login(prompt=False):
        raise PermissionError("there are no credentials for the server")


destination = WandbRun
