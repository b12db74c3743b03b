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
print('{"origin": "mpmath 1.3.0, 40 digits, generate.py", "rows": [')
print(",\n".join(json.dumps(r) for r in rows))
print("]}")
