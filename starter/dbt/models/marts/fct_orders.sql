with paid as (

    select
        order_id,
        sum(amount) as paid_amount,
        count(*) as payment_count
    from {{ ref('fct_payments') }}
    group by order_id

)

select
    orders.order_id,
    orders.customer_id,
    orders.order_date,
    orders.shipped_on,
    orders.days_to_ship,
    orders.status,
    orders.amount,
    orders.delivery_zip,
    orders.coupon_code is not null as used_coupon,
    coalesce(paid.paid_amount, 0) as paid_amount,
    coalesce(paid.payment_count, 0) as payment_count
from {{ ref('stg_orders') }} as orders
left join paid on paid.order_id = orders.order_id
