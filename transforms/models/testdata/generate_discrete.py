# Writes discrete_30digits.json, the answers that the tests of the discrete
# models compare with: mpmath 1.3.0, 30 digits, 20 printed. Everything comes from
# the definition of the models, sums of probabilities term by term, or from the
# hypergeometric functions of the papers.
#
#     python3 testdata/generate_discrete.py > testdata/discrete_30digits.json
import json
from mpmath import mp, mpf, beta, exp, log, hyp2f1, nstr

mp.dps = 30


def show(v):
    return nstr(v, 20)


def bg_bb(p, x, tx, n, rate):
    a, b, g, d = map(mpf, p)
    base = beta(a, b) * beta(g, d)
    alive = beta(a + x, b + n - x) * beta(g, d + n) / base
    like = alive + sum(beta(a + x, b + tx - x + i) * beta(g + 1, d + tx + i) for i in range(n - tx)) / base
    a1, b1, d1 = a + x, b + n - x, d + n
    stay = lambda j: beta(g, d1 + j) / beta(g, d1)
    p1 = a1 / (a1 + b1)
    z = exp(-mpf(rate))
    row = {
        "family": "bg_bb", "parameters": p, "x": x, "tx": tx, "T": n, "rate": rate,
        "logLikelihood": show(log(like)), "alive": show(alive / like),
        "expected12": show(p1 * sum(stay(j) for j in range(1, 13))),
        "expectedForever": show(p1 * d1 / (g - 1)) if g > 1 else "inf",
        "discountedForever": show(p1 * z * d1 / (g + d1) * hyp2f1(1, d1 + 1, g + d1 + 1, z)),
    }
    # Over the probability to stay, of a customer's own p in closed form; with few
    # customers of small p, whose 1 - s would need more digits.
    if n <= 6 and a1 >= 0.25:
        own = lambda s: s * p1 * hyp2f1(1, b1, a1 + b1 + 1, s)
        # of Beta(g, d1) as a density of u = q^g, which has no pole at 0
        weight = lambda q: (1 - q) ** (d1 - 1) / (g * beta(g, d1))
        both = lambda u: own(1 - u ** (1 / g)) * weight(u ** (1 / g))
        row["ever"] = show(mp.quad(both, [mpf(q) ** g for q in (0, 1e-12, 1e-6, 0.001, 0.01, 0.1, 0.5, 1)]))
    return row


def contract(p, T, rate):
    a, b, c = map(mpf, p)
    S = lambda t: beta(a, b + mpf(t) ** c) / beta(a, b)
    z = exp(-mpf(rate))
    row = {
        "family": "s_bg" if c == 1 else "bdw", "parameters": p, "T": T, "rate": rate,
        "logSurvival": show(log(S(T))), "logLeft": show(log(S(T) - S(T + 1))),
        "expected12": show(sum(S(T + j) for j in range(1, 13)) / S(T)),
    }
    last = int(60 / mpf(rate))
    total = mpf(0)
    for j in range(1, last):
        total += z**j * S(T + j)
    row["discountedForever"] = show(total / S(T))
    if c == 1 and a > 1:
        row["expectedForever"] = show((b + T) / (a - 1))
    elif a * c > 1:
        # Direct sum to N, and Euler-Maclaurin with the integral by mpmath, which
        # needs digits for beta functions of huge numbers.
        mp.dps = 120
        N = 200
        tail = mp.quad(lambda s: S(exp(s)) * exp(s), mp.linspace(log(mpf(T + N)), log(mpf(T + N)) + 60 / (a * c - 1), 60))
        f1 = mp.diff(S, T + N)
        f3 = mp.diff(S, T + N, 3)
        row["expectedForever"] = show((sum(S(T + j) for j in range(1, N)) + tail + S(T + N) / 2 - f1 / 12 + f3 / 720) / S(T))
        mp.dps = 30
    else:
        row["expectedForever"] = "inf"
    return row


rows = []
published = [1.204, 0.750, 0.657, 2.783]
for p in [published, [0.3, 20, 1, 5], [2, 2, 3.5, 40], [0.05, 0.4, 0.02, 0.3], [300, 200, 1.5, 3000]]:
    for x, tx, n in [(0, 0, 0), (0, 0, 6), (1, 1, 6), (4, 5, 6), (6, 6, 6), (40, 70, 120), (3, 5, 400), (250, 300, 900)]:
        rows.append(bg_bb(p, x, tx, n, 0.0953))
    rows.append(bg_bb(p, 2, 10, 24, 0.00797))
for p in [[0.7040773, 1.182043, 1], [3.8, 15.2, 1], [0.067, 0.267, 1], [1.5, 80, 1], [0.2593357, 1.7225515, 1.5843615], [0.4556, 0.7793, 1.28345], [2.5, 9, 0.7], [40, 4000, 2.2]]:
    for T in [0, 1, 7, 60]:
        for rate in [0.0953, 0.00797]:
            rows.append(contract(p, T, rate))
print('{"origin": "mpmath 1.3.0, 30 digits, generate_discrete.py", "rows": [')
print(",\n".join(json.dumps(r) for r in rows))
print("]}")
