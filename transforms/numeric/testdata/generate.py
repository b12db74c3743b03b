# Writes high_precision.json, the answers that the tests of this package compare
# with: mpmath 1.3.0, 40 digits, 20 printed.
#
#     python3 testdata/generate.py > testdata/high_precision.json
import json
from mpmath import mp, mpf, loggamma, digamma, psi, hyperu, log, exp, expm1, log1p, quad, gammainc, nstr

mp.dps = 40
rows = []


def row(name, args, value):
    rows.append({"function": name, "args": [float(a) for a in args], "value": nstr(value, 20)})


for x, y in [(0, 0), (-1000, -1000.5), (700, 710), (-3, -50), (1, -1e4)]:
    x, y = mpf(x), mpf(y)
    row("LogAddExp", (x, y), max(x, y) + log1p(exp(-abs(x - y))))
for x in [0, 1, -1, 40, -40, -700, 30.5]:
    row("Logistic", (x,), 1 / (1 + exp(-mpf(x))))
for z in [1e-6, 0.243, 1, 2.426, 9.5, 10, 31.7, 1e4, 1e9]:
    for d in [1e-3, 0.5, 1, 7, 32, 33, 100.25, 1500, 1e6]:
        row("LogRising", (z, d), loggamma(mpf(z) + mpf(d)) - loggamma(mpf(z)))
        row("DigammaRise", (z, d), digamma(mpf(z) + mpf(d)) - digamma(mpf(z)))
for z in [1e-3, 0.243, 1, 3.7, 25, 1e4]:
    row("Trigamma", (z,), psi(1, mpf(z)))
for a, b in [(0.793, 2.426), (1, 1), (1e-5, 3), (6250, 3.74), (1e8, 0.5), (40, 50), (0.01, 0.02)]:
    a, b = mpf(a), mpf(b)
    row("LogBeta", (a, b), loggamma(a) + loggamma(b) - loggamma(a + b))
for r in [0.01, 0.243, 1, 2, 5.5, 19.9, 20, 150, 2000]:
    for w in [1e-8, 1e-4, 0.01, 0.3, 0.49, 0.5, 1, 7, 100, 1e8]:
        # Gamma(-r, w) in a form that mpmath evaluates at whole r too.
        r_, w_ = mpf(r), mpf(w)
        row("TricomiU", (r, w), hyperu(1, 1 - r_, w_))


def pareto_first(r, a, s, b):
    """The integral of ParetoFirst with its derivatives, as moments of those of the
    logarithm of the integrand: in ln w up to the larger of a and b, and beyond in
    u = (w/far)^-(r+s)."""
    far, near = max(a, b), min(a, b)
    log_f = lambda w: -r * log1p(w / a) + log(s / b) - (s + 1) * log1p(w / b)
    first = {
        "r": lambda w: -log1p(w / a), "a": lambda w: r * w / (a * (a + w)),
        "s": lambda w: 1 / s - log1p(w / b), "b": lambda w: s / b - (s + 1) / (b + w),
    }
    second = {
        "ra": lambda w: w / (a * (a + w)), "aa": lambda w: r / (a + w) ** 2 - r / a ** 2, "ss": lambda w: -1 / s ** 2,
        "sb": lambda w: w / (b * (b + w)), "bb": lambda w: (s + 1) / (b + w) ** 2 - s / b ** 2,
    }

    def moment(g):
        low = log(near / (1 + r + s)) - 100
        count = int((log(far) - low) / 3) + 1
        below = quad(lambda v: g(exp(v)) * exp(log_f(exp(v)) + v), [low + (log(far) - low) * k / count for k in range(count + 1)])
        beyond = lambda u: (lambda w: g(w) * exp(log_f(w) + log(w)) / ((r + s) * u))(far * exp(-log(u) / (r + s)))
        return below + quad(beyond, [0, 0.25, 1])

    yield "", moment(lambda w: mpf(1))
    for i, p in enumerate("rasb"):
        yield "/" + p, moment(first[p])
        for q in "rasb"[i:]:
            extra = second.get(p + q, lambda w: mpf(0))
            yield "/" + p + q, moment(lambda w: first[p](w) * first[q](w) + extra(w))


# Near and far a and b, few and many purchases, dropout rare and frequent; with
# the derivatives, "ra" the one by r and a. Agrees with mpmath's 2F1 where that is quick.
mp.dps = 30
for point in [(0.553, 10.578, 0.606, 11.669), (26.553, 41.578, 0.606, 42.669), (0.8, 4, 0.5, 90), (1.4, 12, 0.7, 12),
              (3.4, 12, 0.7, 12.0000001), (300.8, 108, 0.5, 194), (1500.553, 114.578, 0.606, 115.669), (0.6, 20, 0.4, 5),
              (7, 1, 2, 1e-3), (0.3, 1e-3, 0.2, 50), (20000, 5, 1e-3, 3), (2, 1e-4, 3, 1e4), (2, 1e5, 1e-2, 1e-6),
              (1e-6, 1, 1e-6, 1e6), (1e-6, 1e6, 1e-6, 1), (1e6, 1e6, 1e6, 1), (1e5, 1, 40, 1e6), (0.25, 1, 0.5, 5.1), (60, 5.1, 12, 1)]:
    for name, value in pareto_first(*[mpf(v) for v in point]):
        row("ParetoFirst" + name, point, value)
print('{"origin": "mpmath 1.3.0, 40 digits, generate.py", "rows": [')
print(",\n".join(json.dumps(r) for r in rows))
print("]}")
