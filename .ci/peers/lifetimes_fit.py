# Fits one model of lifetimes to cells and prints how long that took and what came.
#
#     python lifetimes_fit.py bg_nbd|pareto_nbd cells.csv
import json
import sys
import time
import warnings

import pandas
from lifetimes import BetaGeoFitter, ParetoNBDFitter

warnings.filterwarnings("ignore")
cells = pandas.read_csv(sys.argv[2])
fitter = {"bg_nbd": BetaGeoFitter, "pareto_nbd": ParetoNBDFitter}[sys.argv[1]](penalizer_coef=0.0)
start = time.perf_counter()
fitter.fit(cells["x"], cells["tx"], cells["T"], weights=cells["customers"])
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "parameters": {name: float(value) for name, value in fitter.params_.items()}}))
