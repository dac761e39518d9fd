"""Losses of TRL's DPO, CPO, ORPO and KTO trainers with their gradients by the log-probability of every answer:
fixtures/preference_losses.json. The trainers' own loss functions run, in float64, on a stub in the model's place that gives
the log-probabilities written here.

usage: python preference_losses.py
"""
import collections
import json
import os
import pathlib
from types import SimpleNamespace

os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
import torch
import trl
from trl import DPOTrainer, KTOTrainer
from trl.experimental.cpo import CPOTrainer
from trl.experimental.orpo import ORPOTrainer

OUT = pathlib.Path(__file__).parent / "fixtures" / "preference_losses.json"
torch.set_default_dtype(torch.float64)
# ORPO computes its odds in float32: here in float64, so that figures say whether formulas agree and not how they round.
torch.Tensor.float = torch.Tensor.double
LENGTHS = [(3, 5), (1, 4), (6, 2), (2, 9), (4, 4), (8, 1)]


def answers(generator, length, scale):
    return [round(-0.01 - scale * float(torch.rand((), generator=generator)), 4) for _ in range(length)]


def pairs():
    """Six pairs of ordinary log ratios, and five whose log ratios are hundreds or thousands of nats."""
    generator = torch.Generator().manual_seed(5)
    shift = lambda: round(6 * float(torch.randn((), generator=generator)), 4)
    side = lambda length: (lambda tokens: dict(tokens=tokens, reference=round(sum(tokens) + shift(), 4)))(
        answers(generator, length, 3.0))
    ordinary = [dict(chosen=side(m), rejected=side(n)) for m, n in LENGTHS]
    far = lambda c, r, m, n: dict(chosen=dict(tokens=[round(c / m, 4)] * m, reference=-5001.5),
                                  rejected=dict(tokens=[round(r / n, 4)] * n, reference=-5003.25))
    extreme = [far(-10000, -8, 4, 2), far(-8, -10004, 2, 4), far(-5300, -5001, 3, 1), far(-4703, -5009, 1, 7), far(-5001, -5002, 2, 3)]
    return dict(ordinary=ordinary, extreme=extreme)


def accelerator():
    return SimpleNamespace(device=torch.device("cpu"), gather_for_metrics=lambda x: x, gather=lambda x: x)


def bare(kind, **attributes):
    """A trainer without its set-up, for the loss alone."""
    trainer = kind.__new__(kind)
    for name, value in dict(accelerator=accelerator(), aux_loss_enabled=False, _metrics=collections.defaultdict(
            lambda: collections.defaultdict(list)), _total_train_tokens=0, _tp_size=1, is_encoder_decoder=False,
            model=SimpleNamespace(training=True), **attributes).items():
        setattr(trainer, name, value)
    return trainer


class Step:
    """Answers as a padded batch behind a prompt of one token; `logp` is what the gradient is taken by."""

    def __init__(self, sides):
        self.lengths = [len(side["tokens"]) for side in sides]
        width = max(self.lengths)
        self.mask = torch.tensor([[1] * n + [0] * (width - n) for n in self.lengths])
        self.logp = torch.tensor([side["tokens"] + [-1.0] * (width - len(side["tokens"])) for side in sides], requires_grad=True)
        self.ids = torch.ones(len(sides), width + 1, dtype=torch.long)
        self.completion = torch.cat([torch.zeros(len(sides), 1, dtype=torch.long), self.mask], 1)
        self.attention = torch.cat([torch.ones(len(sides), 1, dtype=torch.long), self.mask], 1)

    def outputs(self):
        nothing = torch.zeros_like(self.logp).detach()
        return SimpleNamespace(log_probs=self.logp * self.mask, entropy=nothing, mean_logits=nothing,
                               is_top1=nothing.bool(), log_sum_sq_probs=nothing)

    def logits(self):
        """Of a vocabulary of two whose second token is the label, with its log-probability."""
        padded = torch.cat([self.logp, torch.full((len(self.lengths), 1), -1.0)], 1)
        return torch.stack([torch.log(-torch.expm1(padded)), padded], -1)

    def gradients(self, loss):
        """Of each answer the derivative by the log-probability of each of its tokens, which is the same for all."""
        (slopes,) = torch.autograd.grad(loss, self.logp)
        out = []
        for row, n in zip(slopes, self.lengths):
            assert not row.isfinite().all() or (row[:n] - row[0]).abs().max() <= 1e-9 * max(1e-3, row[0].abs()), row
            out.append(row[:n].mean().item())
        return out


def with_reference(rows, loss_type, loss_weights=None, **options):
    step = Step([row["chosen"] for row in rows] + [row["rejected"] for row in rows])
    settings = dict(beta=0.1, label_smoothing=0.0, discopop_tau=0.05) | options
    trainer = bare(DPOTrainer, loss_types=loss_type, loss_weights=loss_weights or [1.0] * len(loss_type), ld_alpha=None,
                   f_divergence_type="reverse_kl", use_weighting=False, precompute_ref_logps=True, beta=settings["beta"],
                   label_smoothing=settings["label_smoothing"], args=SimpleNamespace(discopop_tau=settings["discopop_tau"]))
    reference = lambda side: torch.tensor([row[side]["reference"] for row in rows])
    loss = trainer._compute_loss(lambda **_: step.outputs(), dict(
        input_ids=step.ids, attention_mask=step.attention, completion_mask=step.completion,
        ref_chosen_logps=reference("chosen"), ref_rejected_logps=reference("rejected")), False)
    return step, loss


def without_reference(kind, rows, **settings):
    step = Step([row["chosen"] for row in rows] + [row["rejected"] for row in rows])
    trainer = bare(kind, pad_token_id=0, padding_value=0, alpha=0.0, **settings)
    half = len(rows)
    labels = step.ids.masked_fill(step.completion == 0, -100)
    batch = {}
    for side, at in (("chosen", slice(None, half)), ("rejected", slice(half, None))):
        batch |= {f"{side}_input_ids": step.ids[at], f"{side}_attention_mask": step.attention[at], f"{side}_labels": labels[at]}
    loss, _ = trainer.get_batch_loss_metrics(lambda *_, **__: SimpleNamespace(logits=step.logits()), batch)
    return step, loss


def case(of, rows, name, made, **options):
    step, loss = made
    slopes = step.gradients(loss)
    said = dict(of=of, loss_type=name, **options)
    if not torch.tensor([loss.item(), *slopes]).isfinite().all():
        assert of == "extreme" and name == "discopop", said  # exp(2500) overflows
        return said | dict(loss=None, chosen=[], rejected=[])
    return said | dict(loss=loss.item(), chosen=slopes[:len(rows)], rejected=slopes[len(rows):])


def cases(groups):
    out = []
    simple = ["sigmoid", "hinge", "ipo", "nca_pair", "bco_pair", "sppo_hard", "aot", "aot_unpaired", "apo_zero", "apo_down",
              "discopop", "sft", "sigmoid_norm", "robust"]
    for of, rows in groups.items():
        add = lambda name, made, **options: out.append(case(of, rows, name, made, **options))
        for beta in (0.1, 0.5):
            for name in simple:
                add(name, with_reference(rows, [name], beta=beta), beta=beta)
            for name in ("sigmoid", "robust", "exo_pair", "aot", "aot_unpaired"):
                for e in (1e-3, 0.2):
                    add(name, with_reference(rows, [name], beta=beta, label_smoothing=e), beta=beta, label_smoothing=e)
            add("discopop", with_reference(rows, ["discopop"], beta=beta, discopop_tau=0.8), beta=beta, discopop_tau=0.8)
        for names, weights in ((["sigmoid", "sft"], [1.0, 0.2]), (["sigmoid", "bco_pair", "sft"], [0.8, 0.2, 1.0])):
            add(names, with_reference(rows, names, weights), beta=0.1, loss_weights=weights)
    rows = groups["ordinary"]
    for beta in (0.1, 2.0):
        for e in (0.0, 0.1):
            settings = dict(beta=beta, label_smoothing=e)
            for gamma in (0.5, 1.6):
                made = without_reference(CPOTrainer, rows, loss_type="simpo", cpo_alpha=0.0, simpo_gamma=gamma, **settings)
                out.append(case("ordinary", rows, "simpo", made, simpo_gamma=gamma, **settings))
            for alpha in (1.0, 0.25):
                made = without_reference(CPOTrainer, rows, loss_type="sigmoid", cpo_alpha=alpha, simpo_gamma=0.5, **settings)
                out.append(case("ordinary", rows, "cpo", made, cpo_alpha=alpha, **settings))
        out.append(case("ordinary", rows, "orpo", without_reference(ORPOTrainer, rows, beta=beta), beta=beta))
    return out


def kto(rows, **settings):
    """Rows with a label each; the KL is of other answers, whose log-probabilities are given too."""
    step, other = Step(rows), Step([row["other"] for row in rows])
    trainer = bare(KTOTrainer, calculate_KL=True, precompute_ref_logps=True, loss_type="kto", **settings)
    # Which of the two batches is asked about, the ids say.
    model = lambda input_ids, **_: (other if (input_ids == 2).any() else step).outputs()
    loss = trainer._compute_loss(model, dict(
        input_ids=step.ids, attention_mask=step.attention, completion_mask=step.completion,
        KL_input_ids=2 * other.ids, KL_attention_mask=other.attention, KL_completion_mask=other.completion,
        label=torch.tensor([row["label"] for row in rows]), ref_logps=torch.tensor([row["reference"] for row in rows]),
        ref_KL_logps=torch.tensor([row["other"]["reference"] for row in rows])), False)
    metrics = {name: values[-1] for name, values in trainer._metrics["train"].items()
               if name.startswith(("rewards/", "logps/")) or name == "kl"}
    return dict(**settings, loss=loss.item(), slopes=step.gradients(loss), metrics=metrics)


def unpaired(groups):
    """The sides of the pairs as rows, some desirable; the others' log ratios make a KL above 0, and one below."""
    out = []
    for shift in (7.0, -40.0):
        sides = [row[side] for row in groups["ordinary"] for side in ("chosen", "rejected")][:9]
        far = [row[side] for row in groups["extreme"] for side in ("chosen", "rejected")][:4]
        for name, of in (("ordinary", sides), ("extreme", far)):
            rows = [dict(**side, label=i % 3 != 1, other=dict(tokens=of[i - 1]["tokens"],
                    reference=round(sum(of[i - 1]["tokens"]) - shift + i, 4))) for i, side in enumerate(of)]
            out.append(dict(of=name, rows=rows, cases=[
                kto(rows, beta=beta, desirable_weight=d, undesirable_weight=u)
                for beta in (0.1, 0.5) for d, u in ((1.0, 1.0), (1.5, 0.6))]))
    return out


if __name__ == "__main__":
    groups = pairs()
    OUT.write_text(json.dumps(dict(trl=trl.__version__, torch=torch.__version__, pairs=groups, cases=cases(groups),
                                   unpaired=unpaired(groups))) + "\n")
    print(OUT, OUT.stat().st_size, "bytes")
