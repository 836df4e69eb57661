"""The last month in which each council's metric could be judged: what is said to hold now, holds in that month."""

LATEST_JUDGED = "select council, metric, max(month) as month from int_verdicts group by council, metric"
