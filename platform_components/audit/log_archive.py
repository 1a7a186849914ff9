"""LogArchive: log groups of one stack, kept in the bucket of an AuditTrail that another one has.

Builds delivery streams and subscriptions. Does not build the bucket (see `AuditTrail`) nor the log groups.
"""

import pulumi

from platform_components.audit.args import LogArchiveArgs
from platform_components.audit.forwarding import Kept, Services
from platform_components.component import PlatformComponent
from platform_components.locate import locate


class LogArchive(PlatformComponent):
    """Records of log groups, kept as long as those of the account's audit trail and beside them, each group in a folder of its own.

    Example::

        LogArchive("prod", LogArchiveArgs(
            bucket_arn=trail.bucket_arn, key_arn=trail.key_arn, log_groups={"eks": "/aws/eks/prod/cluster"}))
    """

    sources: pulumi.Output[list[str]]
    """Folders of the bucket, below `logs/`."""

    def __init__(self, name: str, args: LogArchiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        services = Services(self, name, locate(self).place, args.tags)
        services.keep(Kept(args.bucket_arn, args.key_arn), args.log_groups, args.filters)
        self.sources = pulumi.Output.from_input(sorted(args.log_groups))
        self.register()
