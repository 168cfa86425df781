"""The request path as a picture: gateways, listeners, policies, routes, doors, pools, Services."""

from modelgate.report.graph.picture import Picture, Way, picture

__all__ = ["Picture", "Way", "picture"]
