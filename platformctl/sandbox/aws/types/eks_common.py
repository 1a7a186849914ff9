"""What the EKS types share: tags."""

from platformctl.sandbox.aws.rows import TAG_MAP, Call, F, Tags, untag

EKS_TAGS = Tags(
    add=Call("tag_resource", {"resourceArn": "$out.arn", "tags": TAG_MAP}),
    remove=Call("untag_resource", {"resourceArn": "$out.arn", "tagKeys": F(untag)}),
    at="tags",
)
"""Tags of what moto's EKS can tag."""
