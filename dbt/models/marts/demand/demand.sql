{#- What each measure is made of, so that a change is told from exact components and not from rounded figures. -#}
{%- set components = {
    'contacts': ('contacts', none),
    'referrals': ('referrals', none),
    'conversion_rate': ('referrals', 'contacts'),
    're_referral_rate': ('re_referrals', 'referrals'),
    'children_in_need': ('children_in_need', none),
    'child_protection': ('child_protection', none),
    'children_looked_after': ('children_looked_after', none),
    'looked_after_per_10000': ('children_looked_after', 'children_0_17'),
    'plans_ended': ('plans_ended', none),
    'mean_plan_days': ('plan_days', 'plans_of_plan_days'),
} -%}
with due as (
    {{ months_due() }}
),

totals as (
    select * from {{ ref('int_demand_totals') }}
),

councils as (
    select
        council,
        unit,
        level
    from {{ ref('org_units') }}
    where level = 'council'
)

select
    this_month.council,
    councils.unit,
    councils.level,
    this_month.month,
    this_month.as_at,
    this_month.grain,
    cast(this_month.contacts as integer) as contacts,
    cast(this_month.referrals as integer) as referrals,
    {{ rate('this_month.referrals', 'this_month.contacts') }} as conversion_rate,
    cast(this_month.re_referrals as integer) as re_referrals,
    {{ rate('this_month.re_referrals', 'this_month.referrals') }} as re_referral_rate,
    cast(this_month.children_in_need as integer) as children_in_need,
    cast(this_month.child_protection as integer) as child_protection,
    cast(this_month.children_looked_after as integer) as children_looked_after,
    cast(this_month.children_0_17 as integer) as children_0_17,
    {{ ratio_half_up('10000 * this_month.children_looked_after', 'this_month.children_0_17', 1, 9) }}
        as looked_after_per_10000,
    {%- for measure, (part, whole) in components.items() %}
    {%- for years in [1, 2] %}
    {%- set then = 'then_' ~ years ~ 'y' %}
    {{ change_percent(
        'this_month.' ~ part, 'this_month.' ~ whole if whole else none,
        then ~ '.' ~ part, then ~ '.' ~ whole if whole else none
    ) }}
        as {{ measure }}_change_{{ years }}y,
    {%- endfor %}
    {%- endfor %}
    cast(this_month.plans_ended as integer) as plans_ended,
    {{ ratio_half_up('this_month.plan_days', 'this_month.plans_of_plan_days', 1, 9) }} as mean_plan_days
from totals as this_month
inner join due
    on
        this_month.council = due.council
        and this_month.month = due.month
inner join councils
    on this_month.council = councils.council
{%- for years in [1, 2] %}
left join totals as then_{{ years }}y
    on
        this_month.council = then_{{ years }}y.council
        and {{ months_away('this_month.month', -12 * years) }} = then_{{ years }}y.month
{%- endfor %}
