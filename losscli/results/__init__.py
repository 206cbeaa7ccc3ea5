"""The results of a run: frozen values with hardly any behaviour.

Numbers may be infinite or NaN; an undefined number is NaN. The JSON report writes null for them, with the kind in
`nonfinite`. Its keys are the names of the fields below, except that `excluded_count` is `without_part` there.
"""

from losscli.results.judgements import (
    ComparisonResult,
    Decision,
    Detection,
    GateResult,
    GateTest,
    PairedTest,
)
from losscli.results.losses import (
    BaselineResult,
    BatchResult,
    LossResult,
    PartResult,
    Ranking,
    SkillResult,
    SliceDifference,
    TermResult,
    Uncertainty,
)
from losscli.results.row_counts import RowCounts
from losscli.results.runs import (
    BaselineSource,
    ErrorResult,
    Evaluation,
    FormulaResult,
    InfluenceResult,
    Origin,
    RemovedUnit,
    SourceResult,
    SuiteResult,
    WarningResult,
)

__all__ = [
    "BaselineResult",
    "BaselineSource",
    "BatchResult",
    "ComparisonResult",
    "Decision",
    "Detection",
    "ErrorResult",
    "Evaluation",
    "FormulaResult",
    "GateResult",
    "GateTest",
    "InfluenceResult",
    "LossResult",
    "Origin",
    "PairedTest",
    "PartResult",
    "Ranking",
    "RemovedUnit",
    "RowCounts",
    "SkillResult",
    "SliceDifference",
    "SourceResult",
    "SuiteResult",
    "TermResult",
    "Uncertainty",
    "WarningResult",
]
