// CTMetrics
