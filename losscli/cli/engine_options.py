"""The options that say what reads and computes: threads of this process, or the workers of a cluster."""

from __future__ import annotations

import click

from losscli.cli import completion
from losscli.cli.options import execution, stack
from losscli.execution.engines import ENGINES

THREADS = {
    "engine": ENGINES[0], "insecure_scheduler": False,
    **dict.fromkeys(("scheduler", "scheduler_file", "tls_ca", "tls_cert", "tls_key", "worker_timeout")),
}  # fmt: skip
"""The engine of commands that have no choice of one."""

threads_option = execution(
    "--threads", type=click.IntRange(min=1), metavar="N",
    help="Threads, or forks of the process, that read and compute.  [default: number of cores]",
)  # fmt: skip

engine_options = stack(
    threads_option,
    execution("--engine", type=click.Choice(ENGINES), default=ENGINES[0], show_default=True,
               help="What reads and computes: threads of this process, or the workers of a Dask cluster."),
    execution("--scheduler", metavar="ADDRESS",
               help="The scheduler of the Dask cluster, such as tls://host:8786.  "
                    "[default: that of Dask's configuration, or a local cluster of --threads processes]"),
    execution("--scheduler-file", metavar="FILE", shell_complete=completion.files,
               help="The file in which the scheduler wrote its address (dask scheduler --scheduler-file)."),
    execution("--tls-ca", metavar="FILE", shell_complete=completion.files,
               help="The certificate of the authority that signed those of the cluster, for a tls:// address."),
    execution("--tls-cert", metavar="FILE", shell_complete=completion.files,
               help="A certificate that this authority signed, which the scheduler asks for."),
    execution("--tls-key", metavar="FILE", shell_complete=completion.files, help="Its private key."),
    execution("--worker-timeout", type=float, metavar="SECONDS",
               help="A worker that is silent for so long is given up, and others do its work.  [default: 60]"),
    execution("--insecure-scheduler", is_flag=True, help="Accept a scheduler on another machine without tls://."),
)  # fmt: skip
