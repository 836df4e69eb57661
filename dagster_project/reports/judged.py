"""What is said to hold now: it holds in the last month in which each council's metric could be judged."""

LATEST_JUDGED = "select council, metric, max(month) as month from int_verdicts group by council, metric"
# What closed, left, was decided or has no policy any more since is flagged no longer; what was not delivered still is.
FLAGGED_NOW = f"""
select breaches.*
from threshold_breaches as breaches
inner join ({LATEST_JUDGED}) as latest
    on breaches.council = latest.council and breaches.metric = latest.metric and breaches.month = latest.month
where not exists (
    select 1 from alert_states as ended
    where
        ended.state = 'ended' and ended.month > breaches.month
        and ended.council = breaches.council and ended.metric = breaches.metric and ended.unit = breaches.unit
        and ended.worker_key is not distinct from breaches.worker_key
)
"""
