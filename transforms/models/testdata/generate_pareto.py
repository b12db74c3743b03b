# Writes pareto_futures_30digits.json: what a customer alive now in a Pareto/NBD
# (r, alpha, s, beta) does, by mpmath 1.3.0 with 30 digits. Expected and discounted
# purchases come from the survival of the lifetime, discounted ones without end
# from Tricomi's function; probabilities from the story told over the time of death u,
#
#     P(n in (0, h]) = S(h) NB(n; h) + int_0^h -S'(u) NB(n; u) du,   S(u) = (beta/(beta+u))^s
#     P(any in (f, f+v]) = 1 - P(none), of who dies before f, in between, and later
#
# where the code under test integrates over the time of the purchase.
#
#     python3 testdata/generate_pareto.py > testdata/pareto_futures_30digits.json
import json
from mpmath import mp, mpf, quad, exp, log, inf, gamma, hyperu, nstr, loggamma

mp.dps = 30
rows = []


def pieces(top, scale):
    """0 to top in pieces that double from the scale on."""
    cuts, at = [mpf(0)], mpf(scale)
    while at < top:
        cuts.append(at)
        at *= 2
    return cuts + [mpf(top)]


for model in [(0.553, 10.578, 0.606, 11.669), (2.553, 49.4, 0.606, 50.5), (0.8, 4, 0.5, 90), (1.4, 12, 1, 12),
              (40.5, 110, 3.5, 60), (0.2, 30, 0.05, 0.01), (300.6, 104, 0.6, 115)]:
    r, alpha, s, beta = [mpf(v) for v in model]
    scale = min(alpha / r, beta / (s + 1)) / 4
    alive = lambda u: (1 + u / beta) ** -s
    dies = lambda u: s / beta * (1 + u / beta) ** (-s - 1)
    nb = lambda n, u: exp(loggamma(r + n) - loggamma(r) - loggamma(n + 1) - r * log(1 + u / alpha)) * (u / (alpha + u)) ** n
    add = lambda what, args, value: rows.append({"model": model, "what": what, "args": args, "value": nstr(value, 20)})
    for h in (0.15, 52, 2000):
        add("expected", [h], r / alpha * quad(alive, pieces(h, scale)))
        for n in (0, 1, 7):
            add("pmf", [n, h], alive(mpf(h)) * nb(n, mpf(h)) + quad(lambda u: dies(u) * nb(n, u), pieces(h, scale)))
        for delta in (0.0018, 0.05):
            add("discounted", [delta, h], r / alpha * quad(lambda u: exp(-delta * u) * alive(u), pieces(h, scale)))
    for delta in (0.0018, 0.05):
        add("lifetime", [delta], r * beta / alpha * hyperu(1, 2 - s, delta * beta))
    for f, v in ((0, 4), (4, 0.15), (26, 13), (300, 700)):
        f, v = mpf(f), mpf(v)
        none = lambda t: (1 + t / alpha) ** -r
        bought = alive(f + v) * (1 - none(v)) + quad(lambda t: dies(f + t) * (1 - none(t)), pieces(v, scale))
        add("retained", [float(f), float(f + v)], bought)
print('{"origin": "mpmath 1.3.0, 30 digits, generate_pareto.py", "rows": [')
print(",\n".join(json.dumps(row) for row in rows))
print("]}")
