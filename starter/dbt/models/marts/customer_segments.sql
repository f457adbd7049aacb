select
    customer_id,
    lifetime_value,
    case
        when order_count = 0 then 'prospect'
        when lifetime_value >= 1000 then 'key account'
        when order_count >= 5 then 'regular'
        else 'occasional'
    end as segment
from {{ ref('dim_customers') }}
