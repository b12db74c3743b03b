# Writes erlang_futures.json: what a customer alive now and in stage j expects in a
# BG/CNBD-k (k, j, r, alpha, a, b), by mpmath 1.3.0 with 40 digits. Purchases are
# added up one after the other: the n-th is the passing of stage m = nk - j, whose
# time is alpha·(beta prime with m and r), and is made with probability
# B(a, b+n-1)/B(a, b). Nothing is shared with the code under test, which adds up by
# numbers of stages, or integrates over the dropout probability.
#
# Without an end, purchases discounted come from the double integral over the rate
# and the dropout probability, the latter as a hypergeometric function.
#
#     python3 testdata/generate_erlang.py > testdata/erlang_futures.json
import json
from mpmath import mp, mpf, beta, exp, gamma, hyp2f1, log, nstr, quad, rf, factorial

mp.dps = 40


def stays(a, b, n):
    return rf(b, n) / rf(a + b, n)


def terms(term):
    total, n = mpf(0), 1
    while True:
        t = term(n)
        total += t
        if n > 5 and t < total * mpf(10) ** -25:
            return total
        n += 1


def expected(k, j, r, alpha, a, b, h):
    # Upwards in m: P(N >= m) is P(N >= m-1) less the probability of m-1.
    mp.dps = 60
    z = h / (alpha + h)
    prob, left = (1 - z) ** r, mpf(1)
    total, n, m, w = mpf(0), 1, 0, mpf(1)
    while True:
        while m < n * k - j:
            left -= prob
            prob *= z * (r + m) / (m + 1)
            m += 1
        total += w * left
        if left * w < total * mpf(10) ** -24 and m > r * z / (1 - z):
            break
        w *= (b + n - 1) / (a + b + n - 1)
        n += 1
    mp.dps = 40
    return total


def discounted(k, j, r, alpha, a, b, delta, h):
    def arrival(n):
        m = n * k - j
        # By its value at h, for quad stops at an absolute error.
        f = lambda u: exp(-delta * u) * (u / h) ** (m - 1) * ((alpha + u) / (alpha + h)) ** (-r - m)
        scale = alpha ** r * h ** (m - 1) * (alpha + h) ** (-r - m)
        return stays(a, b, n - 1) * scale / beta(m, r) * quad(f, [0, h / 4, h / 2, h])
    return terms(arrival)


def forever(k, j, r, alpha, a, b, delta):
    mp.dps = 30
    def given(v):
        y = exp(v)
        q = delta * alpha / y
        c = (1 + q) ** k - 1
        return y ** r * exp(-y) * (1 + q) ** j / c * hyp2f1(1, a, a + b, -1 / c)
    low, high = -60 / (r + k - j), log(r + 15 * r ** mpf("0.5") + 70)
    low = min(low, log(delta * alpha) - 60 / (r + k - j))
    if r > 400:
        low = log(r - 15 * r ** mpf("0.5"))
    steps = int(high - low) + 8
    value = quad(given, [low + (high - low) * i / steps for i in range(steps + 1)], method="gauss-legendre", maxdegree=4) / gamma(r)
    mp.dps = 40
    return value


def retained(k, j, r, alpha, a, b, start, end):
    z, v = start / (alpha + start), (end - start) / (alpha + start)
    prob, total, i = (1 - z) ** r, mpf(0), 0
    seen = mpf(0)
    while 1 - seen > mpf(10) ** -25 and i < 20000:
        n, stage = divmod(i + j, k)
        own = mpf(0)
        # P(N' < k - stage), the silent
        for l in range(k - stage):
            own += rf(r + i, l) / factorial(l) * (v / (1 + v)) ** l * (1 + v) ** (-r - i)
        total += prob * stays(a, b, n) * (1 - own)
        seen += prob
        prob *= z * (r + i) / (i + 1)
        i += 1
    return total


rows = []
models = [(2, "0.227", "1.463", "0.944", "2.074"), (3, "0.533", "1.258", "1.289", "2.845"), (4, "0.8", "3", "0.9", "3"),
          (2, "4.2", "40", "0.05", "0.4"), (4, "0.1", "12", "2", "0.3"), (3, "30", "150", "0.8", "11"),
          (4, "200", "52", "0.6", "50"), (2, "1.5", "30", "20", "30"), (3, "0.02", "5", "16", "2.5")]
for k, *model in models:
    m = [mpf(v) for v in model]
    numbers = [float(v) for v in model]
    for j in range(k):
        for h in ("0.142857142857142857", "4", "52", "520"):
            rows.append({"k": k, "stage": j, "model": numbers, "what": "expected", "h": float(h), "value": nstr(expected(k, j, *m, mpf(float(h))), 18)})
        for delta in ("0.0018", "0.05"):
            rows.append({"k": k, "stage": j, "model": numbers, "what": "forever", "delta": float(delta), "value": nstr(forever(k, j, *m, mpf(float(delta))), 18)})
        for start, end in (("1", "1.5"), ("26", "30"), ("104", "108")):
            rows.append({"k": k, "stage": j, "model": numbers, "what": "retained", "from": float(start), "h": float(end), "value": nstr(retained(k, j, *m, mpf(start), mpf(end)), 18)})
    for h in (4, 52):
        if m[0] * h / m[1] < 10:
            rows.append({"k": k, "stage": 0, "model": numbers, "what": "discounted", "delta": 0.0018, "h": h, "value": nstr(discounted(k, 0, *m, mpf(0.0018), mpf(h)), 18)})
print('{"origin": "mpmath 1.3.0, 40 digits, generate_erlang.py", "rows": [')
print(",\n".join(json.dumps(r) for r in rows))
print("]}")
