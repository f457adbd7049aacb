select
    method,
    count(*) as payments,
    sum(amount) as amount,
    min(paid_at) as first_used_at,
    max(paid_at) as last_used_at
from {{ ref('fct_payments') }}
group by method
