-- A delivered order is paid to the cent, a cancelled or returned one nets to nothing; every row returned is a failure.
select
    order_id,
    status,
    amount,
    paid_amount
from {{ ref('fct_orders') }}
where paid_amount <> case when status in ('cancelled', 'returned') then 0 else amount end
