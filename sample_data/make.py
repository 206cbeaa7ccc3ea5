"""Makes the files of this folder: real models on real data that come with scikit-learn, without any download.

losscli itself needs neither torch nor scikit-learn, so use a separate environment:

    pip install torch==2.13.0 scikit-learn==1.9.1 numpy==2.4.6 pyarrow==26.0.1
    python sample_data/make.py              # into this folder
    python sample_data/make.py some/folder  # or elsewhere, to compare

This takes about half a minute. All seeds are fixed and everything runs on one thread: the same versions on the same
kind of processor give the same bytes. Elsewhere the last digits may differ; the files in this folder are the reference.
"""

import os
import sys
from pathlib import Path

# Before NumPy and torch load, because the number of threads of a sum decides its last bits.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import encoder
import games
import models
import torch
from store import Table, shuffled, write_csv, write_parquet

TRUTH = ("patient", "progression", "sex", "age_group", "exposure")
PREDICTIONS = ("patient", "ridge", "forest", "boosting", "ridge_variance", "bayes", "bayes_variance")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    images = models.load_images()
    _diabetes(folder, models.diabetes())
    write_csv(folder / "cancer.csv", models.cancer())
    _digits(folder, images)
    _embeddings(folder, images)
    write_csv(folder / "gan.csv", games.gan(images))
    write_parquet(folder / "cycle.parquet", games.cycle(images))
    for path in sorted(folder.iterdir()):
        if path.suffix in {".csv", ".parquet"}:
            print(f"{path.stat().st_size:>8,}  {path.name}")


def _diabetes(folder: Path, table: Table) -> None:
    write_csv(folder / "diabetes.csv", table)
    write_parquet(folder / "diabetes.parquet", table)
    # Two orders, so that only a join by key can match predictions and targets.
    write_csv(folder / "diabetes_predictions.csv", shuffled(table, PREDICTIONS, seed=6))
    write_csv(folder / "diabetes_targets.csv", shuffled(table, TRUTH, seed=7))


def _digits(folder: Path, images: models.Images) -> None:
    model = models.fit_digits(images)
    flat, lists = models.digits(images, model)
    write_csv(folder / "digits.csv", flat)
    write_parquet(folder / "digits.parquet", {**flat, **lists})
    write_parquet(folder / "weights.parquet", models.weights(model))


def _embeddings(folder: Path, images: models.Images) -> None:
    trained = encoder.train(images)
    write_parquet(folder / "embeddings.parquet", encoder.embeddings(trained, images), fixed={"embedding"})
    write_csv(folder / "prototypes.csv", encoder.prototypes(trained))
    write_parquet(folder / "views.parquet", encoder.views(trained, images))
    write_parquet(folder / "triplets.parquet", encoder.triplets(trained, images))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
