{{ config(materialized='incremental', unique_key='payment_id') }}

select
    payment_id,
    order_id,
    method,
    amount,
    paid_at
from {{ ref('stg_payments') }}
where is_paid
{% if is_incremental() %}
  and paid_at > (select max(paid_at) from {{ this }})
{% endif %}
