"""Backup vaults."""

from platformctl.sandbox.aws.rows import TAG_MAP, Call, F, Name, Row, Tags, rows, untag

_VAULT = {"BackupVaultName": "$id"}

ROWS = rows(
    Row(
        "aws:backup/vault:Vault",
        "backup",
        create=Call("create_backup_vault", {"BackupVaultName": "$name", "EncryptionKeyArn": "$kmsKeyArn", "BackupVaultTags": TAG_MAP}),
        id="BackupVaultName",
        read=Call("describe_backup_vault", _VAULT),
        props={
            "arn": "BackupVaultArn",
            "name": "BackupVaultName",
            "kmsKeyArn": "EncryptionKeyArn",
            "recoveryPoints": "NumberOfRecoveryPoints",
        },
        delete=(Call("delete_backup_vault", _VAULT),),
        defaults={"forceDestroy": False},
        name=Name(max_length=50),
        tags=Tags(
            read=Call("list_tags", {"ResourceArn": F(lambda scope: scope.item["BackupVaultArn"])}, at="Tags"),
            add=Call("tag_resource", {"ResourceArn": "$out.arn", "Tags": TAG_MAP}),
            remove=Call("untag_resource", {"ResourceArn": "$out.arn", "TagKeyList": F(untag)}),
        ),
        local=frozenset({"forceDestroy"}),
        # Backups come and go by themselves.
        sticky=frozenset({"recoveryPoints"}),
        parse=lambda name: {"name": name},
    ),
)
