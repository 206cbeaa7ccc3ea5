"""What `losscli eval <args> -q` has to print for the vectors, matrices and games of sample_data/."""

from __future__ import annotations

from commands import WEIGHTS, WEIGHTS_FILE, Sample, on


def cases() -> list[Sample]:
    """(arguments of `losscli eval`, the peer and what it ran, what it said)."""
    return [*_penalties(), *_labels(), *_views(), *_triplets(), *_games(), *_cycles()]


def _penalties() -> list[Sample]:
    score = on(WEIGHTS_FILE, m=WEIGHTS)
    return [
        score("keras", "l1_penalty", "keras.regularizers.L1(1.0)(m)"),
        score("keras", "l2_penalty@keras", "keras.regularizers.L2()(m)"),
        score("torch", "l2_penalty:strength=0.5", "0.5 * torch.nn.MSELoss(reduction='sum')(m, torch.zeros_like(m))"),
    ]


def _labels() -> list[Sample]:
    args, given = (
        "sample_data/embeddings.parquet -c embedding=embedding -t digit",
        {"d": "parquet('embeddings.parquet')"},
    )
    whole, parts = on(args, **given), on(f"{args} --batch-by batch", **given)
    prototypes = on(
        "sample_data/embeddings.parquet -c 'embedding=e_*' -t digit --table prototypes=sample_data/prototypes.csv"
        " -c prototypes.class=name -c 'prototypes=w_*'",
        **given,
        e="t(d[[f'e_{i}' for i in range(16)]])",
        m="t(csv('prototypes.csv').set_index('name').loc[DIGITS])",
    )
    each = (
        "torch.cat([pml.losses.SupConLoss(reducer=pml.reducers.DoNothingReducer(){})"
        "(t(g.embedding), classes(g))['loss']['losses'] for g in groups(d, 'batch')])"
    )
    return [
        whole("pml", "supcon", "pml.losses.SupConLoss()(t(d.embedding), classes(d))"),
        whole("pml", "supcon:temperature=0.5", "pml.losses.SupConLoss(temperature=0.5)(t(d.embedding), classes(d))"),
        parts("pml", "supcon", f"(lambda v: v[v > 0].mean())({each.format('')})"),
        parts("pml", "supcon:temperature=0.5", f"(lambda v: v[v > 0].mean())({each.format(', temperature=0.5')})"),
        prototypes("pml", "arcface", "arcface(e, classes(d), m, margin=math.degrees(0.5))"),
        prototypes("pml", "arcface@pml", "arcface(e, classes(d), m)"),
        prototypes(
            "pml", "arcface:margin=0.3,scale=16", "arcface(e, classes(d), m, margin=math.degrees(0.3), scale=16)"
        ),
    ]


def _views() -> list[Sample]:
    args, given = "sample_data/views.parquet -c anchor=a -c positive=b", {"d": "parquet('views.parquet')"}
    whole, parts = on(args, **given), on(f"{args} --batch-by batch", **given)
    hundreds = on(f"{args} --batch-size 100", **given)
    forth = "F.cross_entropy(F.normalize(t(g.a)) @ F.normalize(t(g.b)).T / {}, torch.arange(len(g)), reduction='none')"
    back = "F.cross_entropy(F.normalize(t(g.b)) @ F.normalize(t(g.a)).T / {}, torch.arange(len(g)), reduction='none')"
    over = "torch.cat([{} for g in {}]).mean()"
    batches = "groups(d, 'batch')"
    nt_xent = "pml.losses.NTXentLoss({})(torch.cat([t(g.a), t(g.b)]), torch.cat([torch.arange(len(g))] * 2)) * len(g)"
    cosine = on("sample_data/views.parquet -p a -t b", **given)
    return [
        whole("torch", "info_nce", over.format(forth.format(0.1), "[d]")),
        parts("torch", "info_nce", over.format(forth.format(0.1), batches)),
        parts("torch", "info_nce:temperature=0.5", over.format(forth.format(0.5), batches)),
        parts(
            "torch",
            "info_nce:symmetric=true,temperature=0.07",
            over.format(f"({forth.format(0.07)} + {back.format(0.07)}) / 2", batches),
        ),
        hundreds("torch", "info_nce", over.format(forth.format(0.1), "(d[:100], d[100:200], d[200:])")),
        whole(
            "pml", "nt_xent", nt_xent.format("temperature=0.5").replace("g.", "d.").replace("(g)", "(d)") + " / len(d)"
        ),
        parts("pml", "nt_xent", f"sum({nt_xent.format('temperature=0.5')} for g in {batches}) / len(d)"),
        parts("pml", "nt_xent@pml", f"sum({nt_xent.format('')} for g in {batches}) / len(d)"),
        cosine("keras", "cosine_distance", "keras.losses.CosineSimilarity()(t(d.b), t(d.a)) + 1"),
    ]


def _triplets() -> list[Sample]:
    file = "sample_data/triplets.parquet -c anchor=anchor -c positive=positive -c"
    given = {"d": "parquet('triplets.parquet')", "a": "t(d.anchor)", "p": "t(d.positive)"}
    single = on(f"{file} negative=negative", **given, n="t(d.negative)")
    several = on(f"{file} negatives=negatives", **given, n="t(d.negatives).reshape(len(d), 4, 16)")
    cosines = "F.cosine_similarity(a[:, None], torch.cat([p[:, None], n], 1), dim=2) / {}"
    nce = f"F.cross_entropy({cosines}, torch.zeros(len(d), dtype=torch.long))"
    return [
        single("torch", "triplet@torch", "torch.nn.TripletMarginLoss()(a, p, n)"),
        single("torch", "triplet:margin=0.2", "torch.nn.TripletMarginLoss(margin=0.2, eps=0.0)(a, p, n)"),
        single("torch", "triplet@torch:swap=true", "torch.nn.TripletMarginLoss(swap=True)(a, p, n)"),
        several("torch", "info_nce_negatives", nce.format(0.1)),
        several("torch", "info_nce_negatives:temperature=0.5", nce.format(0.5)),
    ]


def _games() -> list[Sample]:
    game = {"d": "csv('gan.csv')", "x": "t(d.{0}[d.target == 1])", "g": "t(d.{0}[d.target == 0])"}
    found = []
    for column, suffix, module in (("d_prob", "", "BCELoss"), ("d_logit", "_with_logits", "BCEWithLogitsLoss")):
        given = {name: made.format(column) for name, made in game.items()}
        score = on(f"sample_data/gan.csv -t target -p {column}", **given)
        real, made, fake = (
            f"torch.nn.{module}()({rows}, torch.{kind}_like({rows}))"
            for rows, kind in (("x", "ones"), ("g", "ones"), ("g", "zeros"))
        )
        found += [
            score("torch", f"gan_discriminator{suffix}", f"({real} + {fake}) * 0.5"),
            score("torch", f"gan_discriminator{suffix}:factor=1", f"{real} + {fake}"),
            score("torch", f"gan_generator{suffix}:factor=1", made),
            score("torch", f"gan_generator_minimax{suffix}:factor=1", f"-{fake}"),
        ]
    score = on("sample_data/gan.csv -t target -p ls_score", **{k: v.format("ls_score") for k, v in game.items()})
    square = "torch.nn.MSELoss()({0}, torch.{1}_like({0}))"
    real, made, fake = square.format("x", "ones"), square.format("g", "ones"), square.format("g", "zeros")
    return [
        *found,
        score("torch", "lsgan_discriminator", f"({real} + {fake}) * 0.5"),
        score("torch", "lsgan_generator", f"0.5 * {made}"),
    ]


def _cycles() -> list[Sample]:
    score = on(
        "sample_data/cycle.parquet -t image -p cycled -c domain=domain",
        d="parquet('cycle.parquet')",
        x="d[d.domain == 'x']",
        y="d[d.domain == 'y']",
    )
    total = "torch.nn.L1Loss(reduction='sum')(t({0}.cycled), t({0}.image)) / len({0})"
    mean = "10.0 * torch.nn.L1Loss()(t({0}.cycled), t({0}.image))"
    return [
        score("torch", "cycle_consistency", f"{total.format('x')} + {total.format('y')}"),
        score(
            "torch",
            "cycle_consistency:norm=mean,weight_x=10,weight_y=10",
            f"{mean.format('x')} + {mean.format('y')}",
        ),
    ]
