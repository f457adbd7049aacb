with orders as (

    select
        customer_id,
        min(order_date) as first_order_on,
        max(order_date) as last_order_on,
        count(*) as order_count,
        sum(paid_amount) as lifetime_value
    from {{ ref('fct_orders') }}
    group by customer_id

)

select
    customers.customer_id,
    customers.full_name,
    customers.email,
    customers.company,
    customers.state,
    customers.zip,
    customers.signed_up_on,
    customers.marketing_opt_in,
    orders.first_order_on,
    orders.last_order_on,
    coalesce(orders.order_count, 0) as order_count,
    coalesce(orders.lifetime_value, 0) as lifetime_value
from {{ ref('stg_customers') }} as customers
left join orders on orders.customer_id = customers.customer_id
