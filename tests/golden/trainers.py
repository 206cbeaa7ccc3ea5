"""The losses of TRL out of its trainers: their own code, given log-probabilities in the place of models and texts.

Each answer has one token, so that sums and means over tokens are the same. What a trainer reads of itself is here its
configuration's defaults and a machine with one process.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from peers import NAMES, library


def _same(value: Any, **_: Any) -> Any:
    return value


def _trainer(module: str, name: str, **settings: Any) -> tuple[Any, Any]:
    """A trainer's class, and an object that has what its loss reads of a trainer."""
    library("torch")
    found = getattr(import_module(f"trl.{module}.{name.lower()}_trainer"), f"{name}Trainer")
    config = getattr(import_module(f"trl.{module}.{name.lower()}_config"), f"{name}Config")
    defaults = {field.name: field.default for field in config.__dataclass_fields__.values()}
    alone = SimpleNamespace(device="cpu", gather=_same, gather_for_metrics=_same, reduce=_same, num_processes=1)
    asked = SimpleNamespace(**(defaults | settings))
    asked.args = SimpleNamespace(**(defaults | settings))
    asked.model = SimpleNamespace(training=False)
    asked.accelerator, asked.aux_loss_enabled, asked._metrics = alone, False, defaultdict(lambda: defaultdict(list))
    asked._total_train_tokens, asked._tp_size = 0, 1
    return found, asked


def _said(logprob: Any) -> Any:
    """What a language model answers, of one token a row."""
    zero = library("torch").zeros_like(logprob[:, None])
    return SimpleNamespace(log_probs=logprob[:, None], entropy=zero, mean_logits=zero, is_top1=zero.bool())


def _tokens(rows: int) -> dict[str, Any]:
    """A prompt of one token and an answer of one."""
    torch = library("torch")
    ids = torch.zeros(rows, 2, dtype=torch.long)
    return {"input_ids": ids, "attention_mask": ids + 1, "completion_mask": torch.tensor([[0, 1]]).repeat(rows, 1)}


def trl_dpo(chosen: Any, rejected: Any, ref_chosen: Any, ref_rejected: Any, loss_type: str = "sigmoid",
            **settings: Any) -> Any:  # fmt: skip
    """The value of DPOTrainer."""
    trainer, asked = _trainer("trainer", "DPO", loss_types=[loss_type], loss_weights=[1.0], precompute_ref_logps=True,
                              use_weighting=False, **settings)  # fmt: skip
    asked.f_divergence_type = getattr(asked.f_divergence_type, "value", asked.f_divergence_type)
    torch = library("torch")
    inputs = _tokens(2 * len(chosen)) | {"ref_chosen_logps": ref_chosen, "ref_rejected_logps": ref_rejected}
    return trainer._compute_loss(asked, lambda **_: _said(torch.cat([chosen, rejected])), inputs, False)


def trl_kto(logprob: Any, ref_logprob: Any, desirable: Any, kl: Any = None, **settings: Any) -> Any:
    """The value of KTOTrainer; `kl` are the log-ratios of answers to other prompts."""
    torch, zero = library("torch"), logprob.new_zeros(())
    trainer, asked = _trainer("trainer", "KTO", precompute_ref_logps=True, calculate_KL=kl is not None, **settings)
    asked._compute_kl_logps = lambda *_: kl
    inputs = _tokens(len(logprob)) | {"label": desirable == 1, "ref_logps": ref_logprob, "ref_KL_logps": zero}
    with torch.no_grad() if not logprob.requires_grad else torch.enable_grad():
        return trainer._compute_loss(asked, lambda **_: _said(logprob), inputs, False)


def trl_grpo(logprob: Any, old_logprob: Any, advantage: Any, ref_logprob: Any = None, **settings: Any) -> Any:
    """The value of GRPOTrainer: each row is an answer of one token."""
    torch = library("torch")
    trainer, asked = _trainer("trainer", "GRPO", **settings)
    asked.epsilon_low = asked.epsilon
    asked.epsilon_high = asked.epsilon if asked.epsilon_high is None else asked.epsilon_high
    asked._entropy_bonus_enabled = False
    asked._get_per_token_logps_and_entropies = lambda *_, **__: (logprob[:, None], torch.zeros(len(logprob), 1), None)
    one = torch.ones(len(logprob), 1, dtype=torch.long)
    inputs = {"prompt_ids": one, "prompt_mask": one, "completion_ids": one, "completion_mask": one,
              "advantages": advantage, "old_per_token_logps": old_logprob[:, None],
              "num_items_in_batch": torch.tensor(float(len(logprob)))}  # fmt: skip
    if ref_logprob is not None:
        inputs["ref_per_token_logps"] = ref_logprob[:, None]
    return trainer._compute_loss(asked, None, inputs)


def trl_reward(chosen: Any, rejected: Any) -> Any:
    """The value of RewardTrainer."""
    trainer, asked = _trainer("trainer", "Reward")
    logits = library("torch").cat([chosen, rejected])[:, None]
    return trainer.compute_loss(asked, lambda **_: SimpleNamespace(logits=logits), _tokens(2 * len(chosen)))


def _paired(name: str, chosen: Any, rejected: Any, **settings: Any) -> Any:
    trainer, asked = _trainer(f"experimental.{name.lower()}", name, **settings)
    zero = library("torch").zeros_like(chosen)
    asked.concatenated_forward = lambda *_: (chosen, rejected, zero, zero, -chosen.mean())
    for part in ("cpo_loss", "odds_ratio_loss"):
        if hasattr(trainer, part):
            setattr(asked, part, partial(getattr(trainer, part), asked))
    return trainer.get_batch_loss_metrics(asked, None, {})[0]


def trl_cpo(chosen: Any, rejected: Any, **settings: Any) -> Any:
    """The value of CPOTrainer, which has SimPO too."""
    return _paired("CPO", chosen, rejected, **settings)


def trl_orpo(chosen: Any, rejected: Any, **settings: Any) -> Any:
    """The value of ORPOTrainer."""
    return _paired("ORPO", chosen, rejected, **settings)


def trl_jsd(pred: Any, target: Any, **settings: Any) -> Any:
    """The divergence of GKDTrainer, of probabilities: it takes logits."""
    trainer, _ = _trainer("experimental.gkd", "GKD")
    return trainer.generalized_jsd_loss(pred.log()[:, None], target.log()[:, None], **settings)


NAMES |= {
    made.__name__: made for made in (trl_dpo, trl_kto, trl_grpo, trl_reward, trl_cpo, trl_orpo, trl_jsd)
}  # fmt: skip
