"""What a platform declares: pure manifests, and a thin Pulumi skin over them."""
