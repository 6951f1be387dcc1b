"""Profiles: mergeable summaries of tables that travel with a model, and distances between them."""

from maturekit.profile.bins import Bins
from maturekit.profile.category import CategoryColumn
from maturekit.profile.dictionary import Dictionary
from maturekit.profile.distance import Distance
from maturekit.profile.jensen_shannon import JensenShannon
from maturekit.profile.kolmogorov_smirnov import KolmogorovSmirnov
from maturekit.profile.length import Length
from maturekit.profile.moments import Moments
from maturekit.profile.numeric import NumericColumn
from maturekit.profile.pairs import PairSums
from maturekit.profile.pattern import Pattern
from maturekit.profile.population_stability import PopulationStability
from maturekit.profile.profile import Profile
from maturekit.profile.text_view import TextView
from maturekit.profile.total_variation import TotalVariation
from maturekit.profile.view import View
from maturekit.profile.wasserstein import Wasserstein

__all__ = [
    "Bins",
    "CategoryColumn",
    "Dictionary",
    "Distance",
    "JensenShannon",
    "KolmogorovSmirnov",
    "Length",
    "Moments",
    "NumericColumn",
    "PairSums",
    "Pattern",
    "PopulationStability",
    "Profile",
    "TextView",
    "TotalVariation",
    "View",
    "Wasserstein",
]
