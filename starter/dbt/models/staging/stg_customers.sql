select
    customer_id,
    first_name || ' ' || last_name as full_name,
    lower(email) as email,
    company,
    city,
    state,
    zip,
    signed_up_on,
    marketing_opt_in
from {{ source('raw', 'customers') }}
