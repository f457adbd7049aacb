select
    order_date,
    count(*) as orders,
    sum(paid_amount) as revenue
from {{ ref('fct_orders') }}
group by order_date
