"""Numbers of libraries for losses of all families that have in their own modules only formulas typed by hand.

Those carry the slopes; these say that the formula is what others mean by the name.
"""

from __future__ import annotations

import binary_margin
import boxes
import candidates
import class_scores
import critic
import densities
import directional
import distribution
import divergence
import embedding
import intervals
import keypoints
import language
import learning_to_rank
import multilabel
import noisy_labels
import ordinal
import penalty
import policy
import preference
import profits
import proxies
import quantiles
import regression
import representation
import segmentation
import similarity
import survival
import tails
import trainers  # noqa: F401  it names the losses of TRL in calls
import two_samples
from peers import Case, Inputs, by_catboost, by_jax, by_lightgbm, by_numpy, by_torch

GROUPED: Inputs = {"embedding": embedding.LABELLED["embedding"], "target": [0, 1, 0, 2, 1, 0, 2, 1]}


def cases() -> list[Case]:
    return [
        *_preferences(),
        *_batches(),
        *_rankings(),
        *_labels(),
        *_noise(),
        *_boxes(),
        *_critics(),
        *_robust(),
        *_forecasts(),
        *_survival(),
        *_distributions(),
        *_others(),
        *_presets(),
    ]


def _preferences() -> list[Case]:
    """TRL, out of its trainers."""
    both, one = {"by": "chosen rejected"}, {"by": "logprob"}
    ref = "chosen, rejected, ref_chosen, ref_rejected"
    free = {role: preference.REFERENCE[role] for role in ("chosen", "rejected")}
    tokens, answers = preference.TOKENS, preference.REFERENCE
    reference = {**tokens, "ref_logprob": [-0.7, -1.5, -1.6, -0.11, -2.2]}
    old = "logprob, old_logprob, advantage"
    # its default multiplies the divergence by the ratio of probabilities
    same = "use_bias_correction_kl=False"
    found = [
        by_torch("trl", spec, f"trl_dpo({ref}, {call})", answers, **both)
        for spec, call in (
            ("dpo dpo@trl", "'sigmoid'"), ("dpo:scale=0.5", "'sigmoid', beta=0.5"), ("ipo ipo@trl", "'ipo'"),
            ("ipo:scale=0.5", "'ipo', beta=0.5"), ("slic slic@trl", "'hinge'"), ("slic:scale=0.5", "'hinge', beta=0.5"),
            ("robust_dpo@trl", "'robust'"), ("robust_dpo", "'robust', label_smoothing=0.1"),
            ("robust_dpo:scale=0.5,label_smoothing=0.25", "'robust', beta=0.5, label_smoothing=0.25"),
            ("apo_zero apo_zero@trl", "'apo_zero'"), ("apo_zero:scale=0.5", "'apo_zero', beta=0.5"),
        )
    ]  # fmt: skip
    simpo = "trl_cpo(chosen, rejected, loss_type='simpo', cpo_alpha=0.0{})"
    single = "logprob, ref_logprob, desirable, kl"
    return [
        *found,
        by_torch("trl", "bradley_terry bradley_terry@trl", "trl_reward(chosen, rejected)", preference.REWARDS, **both),
        by_torch("trl", "simpo", simpo.format(", beta=2.0, simpo_gamma=1.0"), preference.PER_TOKEN, **both),
        by_torch("trl", "simpo@trl simpo:scale=0.1,margin=0.5", simpo.format(""), preference.PER_TOKEN, **both),
        by_torch("trl", "cpo cpo@trl", "trl_cpo(chosen, rejected)", free, **both),
        by_torch("trl", "cpo:scale=0.5,nll_weight=0.2", "trl_cpo(chosen, rejected, beta=0.5, cpo_alpha=0.2)", free,
                 **both),
        by_torch("trl", "orpo orpo@trl", "trl_orpo(chosen, rejected)", preference.PER_TOKEN, **both),
        by_torch("trl", "orpo:scale=0.5", "trl_orpo(chosen, rejected, beta=0.5)", preference.PER_TOKEN, **both),
        by_torch("trl", "kto kto@trl", f"trl_kto({single})", policy.WITH_KL, **one),
        by_torch("trl", "kto", f"trl_kto({single})", policy.BELOW, **one),
        by_torch("trl", "kto:scale=0.3,desirable_weight=1.5,undesirable_weight=0.5",
                 f"trl_kto({single}, beta=0.3, desirable_weight=1.5, undesirable_weight=0.5)", policy.WITH_KL, **one),
        by_torch("trl", "grpo grpo@trl ppo_clip", f"trl_grpo({old})", tokens, **one),
        by_torch("trl", "ppo_clip:clip_low=0.1,clip_high=0.3", f"trl_grpo({old}, epsilon=0.1, epsilon_high=0.3)",
                 tokens, **one),
        by_torch("trl", "grpo", f"trl_grpo({old}, ref_logprob, beta=0.04, {same})", reference, **one),
        by_torch("trl", "grpo:kl_weight=0.5,clip_high=0.28",
                 f"trl_grpo({old}, ref_logprob, beta=0.5, epsilon_high=0.28, {same})", reference, **one),
        by_torch("trl", "policy_gradient reinforce",
                 "trl_grpo(logprob, logprob.detach(), advantage, loss_type='cispo', epsilon_high=1.0)", policy.PLAIN,
                 **one),
        by_torch("trl", "generalized_jsd:target_share=0.3", "trl_jsd(pred, target, beta=0.3)", divergence.SHARES,
                 by=""),
        by_torch("trl", "generalized_jsd generalized_jsd@trl", "trl_jsd(pred, target)", divergence.SHARES, by=""),
    ]  # fmt: skip


def _batches() -> list[Case]:
    one, both = {"by": "embedding"}, {"by": "anchor positive"}
    pairs, triplets = embedding.PAIRS, embedding.TRIPLETS
    sphere = "lightly.loss.hypersphere_loss.HypersphereLoss"
    barlow = "lightly.loss.barlow_twins_loss.BarlowTwinsLoss({})(anchor, positive)"
    vicreg = "lightly.loss.vicreg_loss.VICRegLoss({})(anchor, positive)"
    dcl = "lightly.loss.dcl_loss.DCLLoss({})(anchor, positive)"
    siglip = (
        "open_clip.loss.SigLipLoss()(F.normalize(anchor), F.normalize(positive), torch.tensor({}), torch.tensor({}))"
    )
    soft = (
        "pml.losses.TripletMarginLoss(margin=0, smooth_loss=True, reducer=pml.reducers.MeanReducer(),"
        " distance=pml.distances.LpDistance(normalize_embeddings=False))(torch.cat([anchor, positive, negative]),"
        " torch.arange(3 * n), indices_tuple=(i, i + n, i + 2 * n))"
    )
    hard = "by_embeddings('{}', embedding, target=target)"
    energy = "scipy.stats.energy_distance(*(embedding[domain == s].ravel() for s in 'xy'))**2"
    line: Inputs = {"embedding": [[row[0]] for row in two_samples.SAMPLES["embedding"]],
                    "domain": two_samples.SAMPLES["domain"]}  # fmt: skip
    kernel = "2 * geomloss.SamplesLoss('gaussian', blur={1})({0})"
    sides = "*(embedding[[d == s for d in domain]] for s in 'xy')"
    return [
        by_torch("lightly", "uniformity", f"{sphere}(t=2)(embedding, embedding)", {"embedding": embedding.ANCHOR},
                 **one),
        by_torch("lightly", "uniformity:scale=1", f"{sphere}()(embedding, embedding)", {"embedding": embedding.ANCHOR},
                 **one),
        by_torch("lightly", "alignment", f"{sphere}(lam=0)(anchor, positive)", similarity.VIEWS, **both),
        by_torch("lightly", "alignment:exponent=1.5", f"{sphere}(lam=0, alpha=1.5)(anchor, positive)", similarity.VIEWS,
                 **both),
        by_torch("lightly", "barlow_twins barlow_twins@lightly", barlow.format(""), pairs, **both),
        by_torch("lightly", "barlow_twins:redundancy=0.3", barlow.format("lambda_param=0.3"), pairs, **both),
        by_torch("lightly", "vicreg vicreg@lightly", vicreg.format(""), pairs, **both),
        by_torch("lightly", "dcl dcl@lightly", dcl.format(""), pairs, **both),
        by_torch("lightly", "dcl:temperature=0.7", dcl.format("temperature=0.7"), pairs, **both),
        by_torch("open_clip", "siglip", siglip.format("10.0", "-10.0"), pairs, **both),
        by_torch("open_clip", "siglip:scale=3,bias=-1.5", siglip.format("3.0", "-1.5"), pairs, **both),
        by_torch("sentence_transformers", "cosent cosent@sentence_transformers",
                 "by_embeddings('CoSENTLoss', anchor, positive, target=target)", representation.SCORED, **both),
        by_torch("sentence_transformers", "batch_hard_triplet:margin=5", hard.format("BatchHardTripletLoss"), GROUPED,
                 **one),
        by_torch("sentence_transformers", "batch_semihard_triplet:margin=5", hard.format("BatchSemiHardTripletLoss"),
                 GROUPED, **one),
        by_torch("pml", "soft_triplet", soft, triplets, by="anchor positive negative"),
        by_numpy("scipy", "energy_distance", energy, line),
        by_torch("geomloss", "mmd", kernel.format(sides, 0.5**0.5), two_samples.SAMPLES, **one),
        by_torch("geomloss", "mmd:scale=0.2", kernel.format(sides, 2.5**0.5), two_samples.SAMPLES, **one),
    ]  # fmt: skip


def _rankings() -> list[Case]:
    lists, grades = "pred[None], target[None]", learning_to_rank.GRADES
    distinct: Inputs = {"pred": grades["pred"], "target": [1.0, 0.0, 5.0, 2.0, 7.0, 3.0, 6.0, 4.0]}
    coarse: Inputs = {"pred": [0.25, 1.75, -0.5, 2.625, 1.0, -1.25, 0.125, 1.375],
                      "target": [0.875, 0.375, 2.0, 2.625, 3.0, -0.5, 0.125, 1.5]}  # fmt: skip
    hinge = "rax.pairwise_hinge_loss({0}pred, target, reduce_fn=jnp.mean) * {1}"
    return [
        by_torch("allrank", "ranknet ranknet@allrank", f"allrank.rankNet({lists})", grades),
        by_torch("allrank", "ranknet:pair_weight=difference", f"allrank.rankNet_weightByGTDiff({lists})", grades),
        by_torch("allrank", "ranknet:pair_weight=squares", f"allrank.rankNet_weightByGTDiff_pow({lists})", grades),
        by_torch("allrank", "listmle", f"allrank.listMLE({lists}, eps=0)", distinct),
        by_torch("allrank", "approx_ndcg", f"1 + allrank.approxNDCGLoss({lists}, eps=0)", grades),
        by_torch("allrank", "approx_ndcg:temperature=0.1", f"1 + allrank.approxNDCGLoss({lists}, eps=0, alpha=10)",
                 grades),
        by_jax("pairwise_hinge", hinge.format("", 1), grades, peer="rax"),
        by_jax("pairwise_hinge:margin=0.25", hinge.format("4 * ", "0.25"), grades, peer="rax"),
        by_jax("listmle", "rax.listmle_loss(pred, target)", distinct, peer="rax"),
        by_numpy("catboost", "query_rmse",
                 "catboost.utils.eval_metric(target.tolist(), pred.tolist(), 'QueryRMSE', group_id=[0] * 8)[0]",
                 coarse),
    ]  # fmt: skip


def _labels() -> list[Case]:
    asymmetric = "timm.loss.AsymmetricLossMultiLabel({})(torch.logit(pred), target)"
    poly = "timm.loss.PolyBinaryCrossEntropy({})(torch.logit(pred), target)"
    probs: Inputs = {"pred": [0.81, 0.43, 0.27, 0.66, 0.12, 0.71, 0.06],
                     "target": [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]}  # fmt: skip
    coral = "coral_pytorch.losses.coral_loss(pred, (target[:, None] > torch.arange(3)).double())"
    corn = "coral_pytorch.losses.corn_loss(pred, target.long(), 4)"
    ratings: Inputs = {"pred": [3.0, 1.0, 4.0, 2.0, 5.0, 2.0, 3.0, 4.0, 1.0],
                       "target": [3.0, 2.0, 5.0, 2.0, 4.0, 1.0, 3.0, 2.0, 1.0]}  # fmt: skip
    ordered = (
        "statsmodels.miscmodels.ordinal_model.OrderedModel(target.astype(int), pred[:, None], distr='logit')"
        ".loglike(np.array([1.0, -1.2, np.log(1.6), np.log(1.5)])) / -len(pred)"
    )
    scores: Inputs = {"pred": [1.4, -0.3, 0.8, 2.6, -1.1, 0.2], "target": [2.0, 0.0, 1.0, 3.0, 1.0, 2.0]}
    masked = "segmentation_models_pytorch.losses.TverskyLoss('binary', from_logits=False, smooth=0, eps=0, alpha={},"
    tversky = (
        f"torch.stack([{masked} beta={{}}, gamma={{}})(p[None, None], y[None, None]) for p, y in zip(pred, target)])"
    )
    decided = segmentation.DECIDED
    return [
        by_torch("timm", "asymmetric_loss asl", asymmetric.format(""), multilabel.PROBS),
        by_torch("timm", "asymmetric_loss:shift=0.2,gamma_absent=2,gamma_present=0.5",
                 asymmetric.format("clip=0.2, gamma_neg=2, gamma_pos=0.5"), multilabel.PROBS),
        by_torch("timm", "zlpr zlpr@timm", "timm.loss.ZlprLoss()(pred, target)", multilabel.SCORES),
        by_torch("timm", "poly1_bce poly1_bce@timm", poly.format(""), probs),
        by_torch("timm", "poly1_bce:gamma=1.5,coefficient=-0.6", poly.format("gamma=1.5, epsilon=-0.6"), probs),
        by_torch("timm", "poly1_ce_with_logits@timm", "timm.loss.PolyCrossEntropy()(pred, target)",
                 class_scores.SCORES),
        by_torch("coral_pytorch", "ordinal_bce coral", coral, ordinal.STEPS),
        by_torch("coral_pytorch", "corn", corn, ordinal.STEPS),
        by_numpy("imblearn", "macro_mae", "imblearn.metrics.macro_averaged_mean_absolute_error(target, pred)", ratings),
        by_numpy("statsmodels", "cumulative_link_nll:thresholds=-1.2|0.4|1.9", ordered, scores),
        by_torch("segmentation_models_pytorch", "focal_tversky", f"{tversky.format(0.3, 0.7, 0.75)}.mean()",
                 segmentation.MASKS),
        by_torch("segmentation_models_pytorch", "focal_tversky:gamma=2,fp_weight=0.6",
                 f"{tversky.format(0.6, 0.7, 2)}.mean()", segmentation.MASKS),
        by_numpy("sklearn", "micro_dice", "sklearn.metrics.f1_score(target.ravel(), pred.ravel())", decided),
        by_numpy("sklearn", "micro_jaccard", "sklearn.metrics.jaccard_score(target.ravel(), pred.ravel())", decided),
        by_torch("torch", "logit_adjusted_ce balanced_softmax",
                 "F.cross_entropy(pred + torch.log(prior), target)", class_scores.SIZES),
        by_torch("torch", "spherical_score", "-F.cosine_similarity(pred, F.one_hot(target, 4)).mean()",
                 noisy_labels.PROBS),
        by_torch("torch", "sampled_softmax", "F.cross_entropy(torch.cat([(positive - logq_positive)[:, None],"
                 " negatives - logq_negatives], 1), torch.zeros(n, dtype=torch.long))", candidates.SAMPLED,
                 by="positive negatives"),
    ]  # fmt: skip


def _noise() -> list[Case]:
    """The cross-entropy of a distribution p in another one q is their relative entropy and the entropy of p."""
    probs = noisy_labels.PROBS
    rce = "(scipy.special.rel_entr(pred, np.clip(np.eye(4)[target], {0}, 1)) + scipy.special.entr(pred)).sum(1).mean()"
    boot = "F.kl_div(pred.log(), {0}, reduction='batchmean') + torch.special.entr({0}).sum(1).mean()"
    return [
        by_numpy("scipy", "class_mae", "np.mean([scipy.spatial.distance.cityblock(p, np.eye(4)[k])"
                 " for p, k in zip(pred, target)])", probs),
        by_numpy("scipy", "rce", rce.format("1e-4"), probs),
        by_numpy("scipy", "rce:floor=-4", rce.format("np.exp(-4)"), probs),
        by_numpy("sklearn", "sce", f"0.1 * sklearn.metrics.log_loss(target, pred) + {rce.format('1e-4')}", probs),
        by_torch("torch", "bootstrap_ce", boot.format("(0.95 * F.one_hot(target, 4) + 0.05 * pred)"), probs),
    ]  # fmt: skip


def _boxes() -> list[Case]:
    """Of torchvision, without its 1e-7 in denominators; its CIoU keeps one, which large boxes make nothing of.

    It takes a factor of CIoU as constant in its slopes.
    """
    call = "torchvision.ops.{}_loss.{}_box_iou_loss({}, 'mean', 0)"
    sides, large = "pred, target", "2.0**30 * pred, 2.0**30 * target"
    return [
        by_torch("torchvision", "giou_loss", call.format("giou", "generalized", sides), boxes.CORNERS),
        by_torch("torchvision", "diou_loss", call.format("diou", "distance", sides), boxes.CORNERS),
        by_torch("torchvision", "ciou_loss", call.format("ciou", "complete", large), boxes.CORNERS, by=""),
    ]


def _critics() -> list[Case]:
    real, made, ones = "pred[target == 1]", "pred[target == 0]", "torch.ones(3)"
    keras = "keras.losses.Hinge()({0}, {1})"
    bce = "F.binary_cross_entropy_with_logits({}, torch.{}(3))"
    gan = "torchgan.losses.functional"
    return [
        by_torch("torchgan", "wgan_discriminator", f"{gan}.wasserstein_discriminator_loss({real}, {made})",
                 critic.SCORES),
        by_torch("torchgan", "wgan_generator gan_hinge_generator", f"{gan}.wasserstein_generator_loss({made})",
                 critic.SCORES),
        by_torch("keras", "gan_hinge_discriminator",
                 f"{keras.format(ones, real)} + {keras.format('-' + ones, made)}", critic.SCORES),
        by_torch("torch", "gradient_penalty", "10 * F.mse_loss(grad_norm, torch.ones(n))", critic.NORMS,
                 by="grad_norm"),
        by_torch("torch", "r1_penalty", "5 * F.mse_loss(grad_norm, torch.zeros(n))", critic.NORMS, by="grad_norm"),
        by_torch("torch", "relativistic_discriminator", f"{bce.format(f'{real} - {made}.mean()', 'ones')}"
                 f" + {bce.format(f'{made} - {real}.mean()', 'zeros')}", critic.SCORES),
        by_torch("torch", "relativistic_generator", f"{bce.format(f'{real} - {made}.mean()', 'zeros')}"
                 f" + {bce.format(f'{made} - {real}.mean()', 'ones')}", critic.SCORES),
    ]  # fmt: skip


def _robust() -> list[Case]:
    plain, root = regression.PLAIN, "delta=1.4142135623730951"
    shares = "sktime.performance_metrics.forecasting.mean_squared_percentage_error(target, pred, symmetric=False{})"
    scores = binary_margin.SCORES
    positive: Inputs = {"pred": [1.83, 0.42, 7.19, 3.36, 0.117, 12.8], "target": [1.27, 0.95, 6.04, 5.71, 0.233, 9.15]}
    near: Inputs = {"pred": [0.37, -0.62, 0.21, 0.45, -0.83], "target": [1.0, 1.0, -1.0, 1.0, -1.0]}
    return [
        by_torch("kornia", f"cauchy:{root}", "kornia.losses.cauchy_loss(pred, target, 'mean')", plain),
        by_torch("kornia", f"welsch:{root}", "kornia.losses.welsch_loss(pred, target, 'mean')", plain),
        by_torch("kornia", "geman_mcclure:delta=2", "kornia.losses.geman_mcclure_loss(pred, target, 'mean')", plain),
        by_numpy("permetrics", "maape", "permetrics.regression.RegressionMetric(target, pred)"
                 ".mean_arctangent_absolute_percentage_error()", plain),
        by_numpy("sklearn", "squared_log_ratio", "sklearn.metrics.mean_squared_log_error(target - 1, pred - 1)",
                 positive),
        by_numpy("sklearn", "absolute_log_ratio", "sklearn.metrics.mean_absolute_error(np.log(target), np.log(pred))",
                 positive),
        by_numpy("sklearn", "normalized_gini_loss", "2 - 2 * sklearn.metrics.roc_auc_score(target, pred)",
                 {"pred": [0.81, 0.43, 0.27, 0.66, 0.12, 0.71, 0.06], "target": [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]}),
        by_numpy("sktime", "mspe", shares.format(""), plain),
        by_numpy("sktime", "rmspe", shares.format(", square_root=True"), plain),
        by_numpy("sklearn", "savage",
                 "sklearn.metrics.brier_score_loss(target, scipy.special.expit(pred), pos_label=1)", scores),
        by_torch("keras", "unhinged", "keras.losses.Hinge()(target, pred)", near),
        by_torch("torch", "smoothed_hinge", "F.smooth_l1_loss(F.relu(1 - target * pred), torch.zeros(n))", scores),
        by_torch("torch", "generalized_huber", "F.huber_loss(pred, target)", plain),
        by_torch("torch", "generalized_huber:delta=0.7", "F.huber_loss(pred, target, delta=0.7)", plain),
        by_numpy("hydroeval", "kge_loss", "1 - hydroeval.evaluator(hydroeval.kge, pred, target)[0].item()", plain),
        by_numpy("hydroeval", "kge_loss:variability=relative",
                 "1 - hydroeval.evaluator(hydroeval.kgeprime, pred, target)[0].item()", plain),
    ]  # fmt: skip


def _forecasts() -> list[Case]:
    plain, pairs = regression.PLAIN, tails.PAIRS
    given = "xarray.DataArray(pred, dims='n'), xarray.DataArray(target, dims='n')"
    firm = "float(scores.categorical.firm({0}, {1}, {2}, {3}))"
    weighted = "float(scores.continuous.{}({}, {}interval_where_one=({}, {})))"
    levels = [float(level) for level in quantiles.LEVELS.split("|")]
    coverage = "gluonts.ev.metrics.MAECoverage({0})(axis=None).update({{'label': target, **{{str(q): pred[:, k]"
    coverage += " for k, q in enumerate({0})}}}}).get()"
    return [
        by_numpy("scores", "firm:thresholds=0.5|1|5", firm.format(given, "0.5", "[0.5, 1.0, 5.0]", "[1, 1, 1]"), plain),
        by_numpy("scores", "firm:thresholds=-2|0.3,q=0.8", firm.format(given, "0.8", "[-2.0, 0.3]", "[1, 1]"), plain),
        by_numpy("scores", "threshold_weighted_mse:floor=-1.5,cap=2.2",
                 weighted.format("tw_squared_error", given, "", "-1.5", "2.2"), pairs),
        by_numpy("scores", "threshold_weighted_mse:floor=0.7",
                 weighted.format("tw_squared_error", given, "", "0.7", "np.inf"), pairs),
        by_numpy("scores", "threshold_weighted_quantile:q=0.8,floor=-1.5,cap=2.2",
                 weighted.format("tw_quantile_score", given, "alpha=0.8, ", "-1.5", "2.2"), pairs),
        by_numpy("mapie", "interval_width",
                 "mapie.metrics.regression.regression_mean_width_score(np.stack([lower, upper], 1)[:, :, None]).item()",
                 intervals.ENDS),
        by_numpy("gluonts", f"quantile_calibration_error:levels={quantiles.LEVELS}", coverage.format(levels),
                 quantiles.FIVE),
        by_numpy("sklearn", "direction_error", "sklearn.metrics.zero_one_loss(target > 0, pred > 0)", plain),
        by_numpy("scipy", "circular_error", "np.degrees(scipy.spatial.transform.Rotation.from_euler('z',"
                 " (pred - target)[:, None], degrees=True).magnitude()).mean()", directional.DEGREES),
        by_numpy("lm_eval", "bits_per_byte bits_per_byte@lm_eval",
                 "lm_eval.api.metrics.bits_per_byte(list(zip(logprob, bytes)))", language.BYTES),
        by_numpy("lm_eval", "perplexity word_perplexity",
                 "lm_eval.api.metrics.weighted_perplexity(list(zip(logprob, tokens)))", language.TEXTS),
        by_numpy("scipy", "sharpe_loss", "-1 / scipy.stats.variation(pred)", profits.RETURNS),
        by_numpy("scipy", "utility_loss", "scipy.special.boxcox(np.exp(-pred), 1).mean()", profits.PROFITS),
        by_numpy("scipy", "utility_loss:risk_aversion=2.5", "scipy.special.boxcox(np.exp(-pred), 2.5).mean()",
                 profits.PROFITS),
    ]  # fmt: skip


def _survival() -> list[Case]:
    seen = "-np.where(event == 1, scipy.stats.{0}.logpdf(time, {1}), scipy.stats.{0}.logsf(time, {1})).mean()"
    times, scales = survival.TIMES, survival.SCALES
    bins = "pred, bin.long(), event"
    return [
        by_numpy("scipy", "aft_nll", seen.format("lognorm", "1.0, scale=np.exp(pred)"), times),
        by_numpy("scipy", "aft_nll:scale=0.6", seen.format("lognorm", "0.6, scale=np.exp(pred)"), times),
        by_numpy("scipy", "aft_nll:family=logistic,scale=1.4", seen.format("fisk", "1 / 1.4, scale=np.exp(pred)"),
                 times),
        by_numpy("scipy", "aft_nll:family=extreme,scale=0.8", seen.format("weibull_min", "1.25, scale=np.exp(pred)"),
                 times),
        by_numpy("scipy", "weibull_nll_censored", seen.format("expon", "scale=pred"), scales),
        by_numpy("scipy", "weibull_nll_censored:exponent=1.7", seen.format("weibull_min", "1.7, scale=pred"), scales),
        by_torch("pycox", "logistic_hazard_nll logistic_hazard_nll@pycox",
                 f"pycox.models.loss.nll_logistic_hazard({bins})", survival.BINS),
        by_torch("pycox", "pmf_nll", f"pycox.models.loss.nll_pmf({bins}, epsilon=0)", survival.BINS),
    ]  # fmt: skip


def _distributions() -> list[Case]:
    some = "np.log1p(-zero_prob) + scipy.stats.lognorm.logpdf(np.maximum(target, 1e-9), scale, scale=np.exp(pred))"
    logits: Inputs = {
        "pred": [[2.1, -0.43, 0.6], [-0.7, 1.5, 2.8], [1.2, 0.37, -1.1], [0.33, -2.8, 0.9]],
        "teacher": [[1.7, 0.58, -0.5], [1.2, 0.4, 3.9], [0.4, 2.3, -0.33], [0.61, -1.1, 2.1]],
    }
    soft = "F.kl_div(F.log_softmax(pred / {0}, 1), F.softmax(teacher / {0}, 1), reduction='batchmean') * {0}**2"
    return [
        by_numpy("scipy", "zero_inflated_lognormal_nll ziln",
                 f"-np.where(target > 0, {some}, np.log(zero_prob)).mean()", densities.VALUES),
        by_numpy("scipy", "hellinger", "np.mean([scipy.spatial.distance.euclidean(np.sqrt(p), np.sqrt(t)) / 2**0.5"
                 " for p, t in zip(pred, target)])", divergence.SHARES),
        by_torch("torch", "distillation", soft.format("4.0"), logits),
        by_torch("torch", "distillation:temperature=1.5", soft.format("1.5"), logits),
    ]  # fmt: skip


def _others() -> list[Case]:
    params, by = penalty.PARAMS, {"by": "params"}
    apart = "torch.nn.PairwiseDistance(eps=0)"
    return [
        by_torch("keras", "elastic_net", "keras.regularizers.L1L2(l1=0.5, l2=0.25)(params)", params, **by),
        by_torch("torch", "group_lasso:strength=0.3,by_size=false",
                 f"0.3 * {apart}(params, torch.zeros_like(params)).sum()", params, **by),
        by_torch("torch", "orthogonality",
                 "F.mse_loss(params.T @ params, torch.eye(params.shape[1]), reduction='sum')", params, **by),
        by_torch("torch", "center_loss", "F.mse_loss(embedding, prototypes[target], reduction='sum') / (2 * n)",
                 proxies.CLASSES, by="embedding prototypes"),
        by_torch("pytorch_toolbelt", "wing", "pytorch_toolbelt.losses.functional.wing_loss(pred, target)",
                 regression.PLAIN),
        by_torch("pytorch_toolbelt", "wing:width=10,curvature=2",
                 "pytorch_toolbelt.losses.functional.wing_loss(pred, target, 10, 2)", regression.PLAIN),
        by_torch("torch", "mpjpe", f"{apart}(pred.reshape(-1, 3), target.reshape(-1, 3)).mean()", keypoints.POINTS),
        by_torch("torch", "nme", f"({apart}(pred.reshape(-1, 2), target.reshape(-1, 2)).reshape(n, -1).mean(1)"
                 " / scale).mean()", keypoints.SIZED),
    ]  # fmt: skip


def _presets() -> list[Case]:
    """Of libraries whose presets have no other row."""
    plain, fractions = regression.PLAIN, regression.BINARY_FRACTIONS
    ask = "gluonts.ev.metrics.{}(axis=None).update({}).get()"
    data = "{{'label': target, '0.5': pred, 'mean': pred, 'seasonal_error': {}}}"
    levels = [float(level) for level in quantiles.LEVELS.split("|")]
    said = f"{{'label': target, **{{str(q): pred[:, k] for k, q in enumerate({levels})}}}}"
    ends = "{'label': target, '0.025': lower, '0.975': upper, 'seasonal_error': scale}"
    areas: Inputs = {"pred": [1.5, -0.5, 1.25, 0.25, 2.5, 0.75, -0.25, 0.5],
                     "target": [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]}  # fmt: skip
    return [
        *(
            by_numpy("gluonts", f"{name} {name}@gluonts", ask.format(metric, data.format("None")), plain)
            for name, metric in (("mse", "mse"), ("mae", "mae"), ("rmse", "rmse"), ("mape", "mape"),
                                 ("smape", "smape"), ("wmape", "nd"))
        ),
        by_numpy("gluonts", "mase mase@gluonts", ask.format("mase", data.format("scale")), distribution.SPREAD),
        by_numpy("gluonts", "msis msis@gluonts", ask.format("msis", ends), intervals.SCALED),
        by_numpy("gluonts", f"weighted_quantile_loss:levels={quantiles.LEVELS}"
                 f" weighted_quantile_loss@gluonts:levels={quantiles.LEVELS}",
                 ask.format(f"MeanWeightedSumQuantileLoss({levels})", said), quantiles.FIVE),
        by_torch("timm", "cross_entropy_with_logits@timm cross_entropy_with_logits:label_smoothing=0.1",
                 "timm.loss.LabelSmoothingCrossEntropy()(pred, target)", class_scores.SCORES),
        by_torch("timm", "multilabel_bce multilabel_bce@timm", "timm.loss.BinaryCrossEntropy()(pred, target)",
                 multilabel.SCORES),
        by_numpy("lm_eval", "brier brier@lm_eval",
                 "lm_eval.api.metrics.brier_score(list(zip(target.tolist(), pred.tolist())))", noisy_labels.PROBS),
        by_torch("lightly", "nt_xent nt_xent@lightly", "lightly.loss.ntx_ent_loss.NTXentLoss()(anchor, positive)",
                 embedding.PAIRS, by="anchor positive"),
        by_torch("torchmetrics", "pearson pearson@torchmetrics",
                 "torchmetrics.functional.pearson_corrcoef(pred, target)", plain),
        by_catboost("r2 r2@catboost", "R2", fractions),
        by_catboost("mape@catboost mape:floor=1", "MAPE", fractions),
        by_lightgbm("mape@lightgbm mape:floor=1", {"objective": "regression", "metric": "mape"}, fractions),
        by_lightgbm("roc_auc roc_auc@lightgbm", {"objective": "none", "metric": "auc"}, areas),
        by_lightgbm("average_precision average_precision@lightgbm",
                    {"objective": "none", "metric": "average_precision"}, areas),
    ]  # fmt: skip
