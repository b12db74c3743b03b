# Writes retained_60digits.json: the probability of a purchase between two times
# of a customer who has just made the first one, in a BG/NBD (r, alpha, a, b), by
# mpmath 1.3.0 with 60 digits. It comes from the hypergeometric form
#
#     2F1(r, a; a+b; -u) - (1+v)^-r 2F1(r, a; a+b; -u/(1+v)),   u = from/alpha, v = (to-from)/alpha,
#
# so that nothing is shared with the code under test, which integrates over the
# dropout probability.
#
#     python3 testdata/generate_retained.py > testdata/retained_60digits.json
import json
from mpmath import mp, mpf, hyp2f1, nstr

mp.dps = 60


def retained(r, alpha, a, b, start, end):
    u, v = start / alpha, (end - start) / alpha
    return hyp2f1(r, a, a + b, -u) - (1 + v) ** -r * hyp2f1(r, a, a + b, -u / (1 + v))


rows = []
models = [(0.243, 4.414, 0.793, 2.426), (0.525, 6.183, 0.891, 2.614), (1.2, 43, 1, 3.4), (0.24, 9, 0.05, 0.4),
          (2.5, 12, 4, 3), (30, 150, 0.8, 31), (0.7, 6, 20, 30), (12, 60, 16, 2.5), (200, 1000, 0.6, 2), (5, 3, 15.5, 0.3)]
times = [(0, "0.142857142857142857"), (0, 52), (1, "1.142857142857142857"), (4, 8), (52, 104), (520, 524), (5000, 5001)]
for model in models:
    for start, end in times:
        value = retained(*[mpf(v) for v in model], mpf(start), mpf(float(end)))
        rows.append({"model": model, "from": start, "to": float(end), "value": nstr(value, 18)})
print('{"origin": "mpmath 1.3.0, 60 digits, generate_retained.py", "rows": [')
print(",\n".join(json.dumps(r) for r in rows))
print("]}")
