select
    payment_id,
    order_id,
    method,
    cast(amount as decimal(12, 2)) as amount,
    status = 'paid' as is_paid,
    paid_at
from {{ source('raw', 'payments') }}
