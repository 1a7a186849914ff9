"""Two objectives of a shop's checkout: that it answers, and that it answers soon."""

import pulumi

import platform_components as platform

requests = 'job="checkout"'
available = platform.Slo(
    "checkout-availability",
    platform.SloArgs(
        service="checkout",
        team="shop",
        objective="99.9",
        minimum_events=100,
        indicator={"kind": "availability", "metric": "http_requests_total", "selector": requests, "errors": 'code=~"5.."'},
    ),
)
fast = platform.Slo(
    "checkout-latency",
    platform.SloArgs(
        service="checkout",
        team="shop",
        objective="99",
        minimum_events=100,
        indicator={"kind": "latency", "metric": "http_request_duration_seconds", "selector": requests, "within": "0.3"},
    ),
)

pulumi.export("availability", available.budget_policy)
pulumi.export("latency", fast.budget_policy)
