package jobs

// Template is a job file with every top-level part, those that have a default
// as comments. It is valid.
const Template = `# A Perennial job. A # before a key hides its default, or an example: delete the # to set it.
#name: job                       # default: the file's name. One output folder belongs to one job
#as_of: 2024-12-31               # last day that counts; default: the last complete day
timezone: UTC                    # days, months and cohorts are counted here: write the shop's zone, as Europe/Berlin
currency: EUR                    # another currency in the data is an error, never a sum
#week_start: monday
#setting: non_contractual        # or contractual: subscriptions, where it is known who is still there

source:
  csv:                           # or parquet: {paths: [data/*.parquet]}
    paths: [data/*.csv]          # also .gz .zst .bz2
    #delimiter: ","              # or ";", "\t", whitespace
    #header: true                # or a list of names, for files without a header
  columns:                       # which column plays which part
    customer_id: customer_id
    occurred_at: occurred_at     # or {column: date, format: "%d/%m/%Y"}; ISO 8601 needs no format
    amount: amount               # after discounts, without tax, refunds negative; or {plus: [total], minus: [refunded]}
    #quantity: quantity          # instead of amount, with unit_price
    #unit_price: unit_price
    #order_id: order_id          # without it every row is an order
    #cost: cost
    #currency: currency
  #attributes: {country: country}    # kept of the first purchase, to split by

#rules:
#  exclude:
#    - {name: test_orders, column: status, in: [test, cancelled]}
#  exact_duplicates: keep        # or drop: of rows equal in every column the first counts
#  refunds: net                  # or ignore
#  zero_amounts: ignore          # or purchase
#  max_rejected_rate: 0.001      # more unreadable rows than this share stop the run
#  max_staleness: 14d            # so do data that end earlier than this before as_of
#  min_volume: 0.5               # and fewer rows than this share of the previous run's

#cohorts:
#  grains: [month]               # also day, week, quarter, year
#  split_by: [country]
#  from: 2020-01-01              # the data hold every sale since then
#  max_offset: none

#value:
#  margin_rate: 0.4              # where there is no cost
#  discount_rate: 0.10           # a year
#  horizons: [365d, lifetime]

#models:
#  candidates: [mbg_nbd, pareto_nbd, mbg_cnbd_2]   # or none: cohorts and history alone
#  backtests: 3                  # 0: none
#  time_unit: week

#acquisition_plan:               # customers who will come, for cohort_forecasts; else the history says
#  - {month: 2025-01, customers: 1200}

#tables: all                     # or a list

sink:
  parquet: {path: out}
`
