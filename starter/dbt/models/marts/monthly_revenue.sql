select
    cast(date_trunc('month', order_date) as date) as month,
    sum(orders) as orders,
    sum(revenue) as revenue
from {{ ref('daily_revenue') }}
group by 1
