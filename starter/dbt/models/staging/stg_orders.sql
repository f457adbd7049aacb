select
    order_id,
    customer_id,
    order_date,
    shipped_on,
    shipped_on - order_date as days_to_ship,
    status,
    cast(amount as decimal(12, 2)) as amount,
    coupon_code,
    zip as delivery_zip
from {{ source('raw', 'orders') }}
