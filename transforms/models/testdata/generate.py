# Writes futures_25digits.json: expected purchases, discounted and not, of a
# customer alive now in a BG/NBD (r, alpha, a, b), by mpmath 1.3.0 with 25
# digits. They come from the hypergeometric form of the rate of purchases,
#
#     dE/du = (r/alpha) 2F1(r+1, a; a+b; -u/alpha),
#
# integrated over time, so that nothing is shared with the code under test, which
# integrates over the dropout probability.
#
#     python3 testdata/generate.py > testdata/futures_25digits.json
import json
from mpmath import mp, mpf, hyp2f1, hyp3f2, quad, exp, inf, log, nstr

mp.dps = 25


def expected(r, alpha, a, b, h):
    return r * h / alpha * hyp3f2(r + 1, a, 1, a + b, 2, -h / alpha)


def discounted(r, alpha, a, b, delta, h):
    end = min(h, 70 / delta)
    # u = alpha/r * (e^s - 1), in pieces of 1 in s
    c = alpha / max(mpf(1), r)
    top = log(1 + end / c)
    f = lambda s: c * exp(s) * exp(-delta * c * (exp(s) - 1)) * hyp2f1(r + 1, a, a + b, -c * (exp(s) - 1) / alpha)
    n = int(top) + 1
    return r / alpha * quad(f, [top * k / n for k in range(n + 1)])


rows = []
models = [(0.243, 4.414, 0.793, 2.426), (0.525, 47, 0.891, 2.614), (1.2, 43, 1, 3.4), (0.24, 9, 0.05, 0.4),
          (2.5, 12, 4, 3), (30, 150, 0.8, 31), (100.2, 108, 0.793, 102.4), (0.7, 6, 20, 30), (12, 60, 16, 2.5),
          (200, 1000, 0.6, 2), (5, 3, 15.5, 0.3)]
for model in models:
    m = [mpf(v) for v in model]
    for h in (0.15, 4, 52, 520, 5000):
        rows.append({"model": model, "h": h, "delta": 0, "value": nstr(expected(*m, mpf(h)), 18)})
    for delta in (1e-5, 0.0018, 0.05):
        for h in (0.15, 52, 520, None):
            v = discounted(*m, mpf(delta), inf if h is None else mpf(h))
            rows.append({"model": model, "h": h, "delta": delta, "value": nstr(v, 18)})
print('{"origin": "mpmath 1.3.0, 25 digits, generate.py; h null is infinity", "rows": [')
print(",\n".join(json.dumps(r) for r in rows))
print("]}")
