"""From a score to an outcome: strata, copies in other deliveries, and the rules about what may be said."""
