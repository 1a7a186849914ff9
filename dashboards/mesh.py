"""Mesh: rate, errors and duration of services, as the mesh sees them, and the mesh's own health."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.building import Graph, Row, Stat, Table, dashboard
from platform_components.observability.dashboards import MESH

# Waypoints and sidecars report as the destination; a service without either is seen by ztunnel, as connections.
_TO = 'reporter=~"destination|waypoint",destination_service_namespace=~"$namespace"'
_SERVICE = "destination_service_namespace, destination_service_name"
_LEGEND = "{{destination_service_namespace}}/{{destination_service_name}}"


def _rate(more: str = "") -> str:
    return f"rate(istio_requests_total{{{_TO}{more}}}[$__rate_interval])"


def _quantile(quantile: float, by: str) -> str:
    buckets = f"rate(istio_request_duration_milliseconds_bucket{{{_TO}}}[$__rate_interval])"
    return f"histogram_quantile({quantile}, sum by (le{by}) ({buckets}))"


def build() -> Dashboard:
    """The dashboard."""
    return dashboard(MESH, "Rate, errors and duration of services, as the mesh sees them, and its own health.", [_now(), _red(), _own()])


def _now() -> Row:
    return Row(
        "Now",
        [
            Stat(
                title="Requests",
                description="Requests a second to services of the namespace.",
                unit="reqps",
                queries=[(f"sum({_rate()})", "")],
                width=6,
            ),
            Stat(
                title="Errors",
                description="Share of requests answered with 5xx.",
                unit="percentunit",
                queries=[
                    ("(sum(" + _rate(',response_code=~"5.."') + ") or vector(0)) / " + f"sum({_rate()})", ""),
                ],
                steps=[(0.001, "orange"), (0.01, "red")],
                decimals=3,
                width=6,
            ),
            Stat(
                title="99th percentile",
                description="99% of requests took this long or less.",
                unit="ms",
                queries=[(_quantile(0.99, ""), "")],
                width=6,
            ),
            Stat(
                title="Without mutual TLS",
                description="Share of requests that came unencrypted; none should.",
                unit="percentunit",
                queries=[("(sum(" + _rate(',connection_security_policy!="mutual_tls"') + f") or vector(0)) / sum({_rate()})", "")],
                steps=[(0.0001, "red")],
                width=6,
            ),
        ],
    )


def _red() -> Row:
    return Row(
        "Services",
        [
            Graph(
                title="Rate",
                description="Requests a second, by service.",
                unit="reqps",
                queries=[(f"sum by ({_SERVICE}) ({_rate()})", _LEGEND)],
                width=8,
            ),
            Graph(
                title="Errors",
                description="Share of requests answered with 5xx, by service.",
                unit="percentunit",
                queries=[
                    (
                        f"sum by ({_SERVICE}) (" + _rate(',response_code=~"5.."') + f") / sum by ({_SERVICE}) ({_rate()})",
                        _LEGEND,
                    )
                ],
                steps=[(0.01, "red")],
                width=8,
            ),
            Graph(
                title="Duration, 99th percentile",
                description="99% of requests took this long or less, by service.",
                unit="ms",
                queries=[(_quantile(0.99, f", {_SERVICE}"), _LEGEND)],
                width=8,
            ),
            Table(
                title="Requests a second",
                description="Who calls whom, and how it ended; the fifty busiest.",
                unit="reqps",
                queries=[
                    (
                        (
                            "topk(50, sum by (source_workload_namespace, source_workload, destination_service_namespace, "
                            f"destination_service_name, response_code) ({_rate()}))"
                        ),
                        "",
                    )
                ],
            ),
            Graph(
                title="Why requests failed",
                description="Failed requests a second, by Envoy's flag: UF no connection, UO overload, NR no route.",
                unit="reqps",
                queries=[("sum by (response_flags) (" + _rate(',response_flags!="-"') + ")", "{{response_flags}}")],
            ),
            Graph(
                title="Connections opened",
                description="TCP connections a second, by service: all that ztunnel sees of services without a waypoint.",
                unit="cps",
                queries=[
                    (
                        (
                            f"sum by ({_SERVICE}) (rate(istio_tcp_connections_opened_total"
                            '{destination_service_namespace=~"$namespace",reporter="destination"}[$__rate_interval]))'
                        ),
                        _LEGEND,
                    )
                ],
            ),
            Graph(
                title="Bytes",
                description="Bytes a second over TCP, received and sent.",
                unit="Bps",
                queries=[
                    (
                        (
                            'sum(rate(istio_tcp_received_bytes_total{destination_service_namespace=~"$namespace",reporter="destination"}'
                            "[$__rate_interval]))"
                        ),
                        "received",
                    ),
                    (
                        (
                            'sum(rate(istio_tcp_sent_bytes_total{destination_service_namespace=~"$namespace",reporter="destination"}'
                            "[$__rate_interval]))"
                        ),
                        "sent",
                    ),
                ],
            ),
        ],
    )


def _own() -> Row:
    return Row(
        "The mesh itself",
        [
            Graph(
                title="Configuration reaches proxies within",
                description="99th percentile, from a change until proxies have it.",
                unit="s",
                queries=[
                    ("histogram_quantile(0.99, sum by (le) (rate(pilot_proxy_convergence_time_bucket[$__rate_interval])))", "99%"),
                ],
                steps=[(30, "orange")],
                width=8,
            ),
            Graph(
                title="Configuration refused",
                description="Pushes that proxies refuse.",
                unit="short",
                queries=[("sum(increase(pilot_total_xds_rejects[$__rate_interval]))", "refused")],
                steps=[(1, "orange")],
                width=8,
            ),
            Graph(
                title="Authority expires in",
                description="Time until the certificate that istiod signs with expires; below a week pages.",
                unit="s",
                queries=[("min(citadel_server_cert_chain_expiry_timestamp) - time()", "authority")],
                steps=[(30 * 86400, "green")],
                base="red",
                width=8,
            ),
        ],
    )
