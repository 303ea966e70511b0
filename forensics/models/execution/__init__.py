"""How networks are computed: fused for the processor, on all its cores, or by another engine."""
