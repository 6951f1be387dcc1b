"""Pictures of what a monitor saw; computing them is apart from drawing, which needs the extra `plots`."""

from maturekit.drift.displays.columns import ColumnsDisplay, Panel
from maturekit.drift.displays.distribution import DistributionDisplay
from maturekit.drift.displays.evidence import EvidenceDisplay
from maturekit.drift.displays.heatmap import HeatmapDisplay

__all__ = ["ColumnsDisplay", "DistributionDisplay", "EvidenceDisplay", "HeatmapDisplay", "Panel"]
