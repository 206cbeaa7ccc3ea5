"""Numbers for the losses of signals."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_torch

SIGNALS: Inputs = {
    "pred": [[0.31, -0.82, 1.17, 0.95], [-0.08, 0.61, 0.73, -1.29], [0.57, 0.02, -1.38, 0.91]],
    "target": [[0.42, -0.77, 1.31, 0.62], [0.15, 0.48, 0.91, -1.02], [0.66, 0.31, -0.94, 1.13]],
}
WEIGHTS = [1.3, 0.6, 2.75]


def cases() -> list[Case]:
    audio = "torchmetrics.functional.audio"
    error, loud = "((pred - target)**2).sum(1)", "(target**2).sum(1)"
    part = "((pred * target).sum(1) / (target**2).sum(1))[:, None] * target"
    sdr = f"-10 * torch.log10((({part})**2).sum(1) / ((pred - {part})**2).sum(1))"
    psnr = "torchmetrics.functional.image.peak_signal_noise_ratio(pred, target, data_range={}, dim=1)"
    return [
        by_torch("torchmetrics", "snr snr@torchmetrics", f"{audio}.signal_noise_ratio(pred, target).mean()", SIGNALS),
        by_torch("torchmetrics", "si_sdr si_sdr@torchmetrics",
                 f"{audio}.scale_invariant_signal_distortion_ratio(pred, target).mean()", SIGNALS),
        by_torch("torchmetrics", "psnr:peak=2.5", psnr.format(2.5), SIGNALS),
        by_hand("snr_loss", f"(-10 * torch.log10({loud} / {error})).mean()", SIGNALS),
        by_torch("torchmetrics", "snr_loss", f"-{audio}.signal_noise_ratio(pred, target).mean()", SIGNALS),
        by_hand("snr_loss", f"(w * (-10) * torch.log10({loud} / {error})).sum() / w.sum()", SIGNALS, weights=WEIGHTS),
        by_hand("si_sdr_loss", f"({sdr}).mean()", SIGNALS),
        by_torch("torchmetrics", "si_sdr_loss",
                 f"-{audio}.scale_invariant_signal_distortion_ratio(pred, target).mean()", SIGNALS),
        by_hand("si_sdr_loss", f"(w * ({sdr})).sum() / w.sum()", SIGNALS, weights=WEIGHTS),
        by_torch("torchmetrics", "psnr_loss", f"-{psnr.format(1.0)}", SIGNALS),
        by_torch("torchmetrics", "psnr_loss:peak=2.5", f"-{psnr.format(2.5)}", SIGNALS),
        by_hand("psnr_loss", "(w * 10 * torch.log10(((pred - target)**2).mean(1))).sum() / w.sum()", SIGNALS,
                weights=WEIGHTS),
    ]  # fmt: skip
