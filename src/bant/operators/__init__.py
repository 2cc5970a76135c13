"""Linear operators: `tf.linalg.LinearOperator` and its kinds."""

from bant.operators import experimental
from bant.operators.base import LinearOperator
from bant.operators.blocks import (
    LinearOperatorBlockDiag,
    LinearOperatorBlockLowerTriangular,
    LinearOperatorLowRankUpdate,
)
from bant.operators.combined import (
    LinearOperatorAdjoint,
    LinearOperatorComposition,
    LinearOperatorInversion,
    LinearOperatorKronecker,
)
from bant.operators.diagonal import (
    LinearOperatorDiag,
    LinearOperatorIdentity,
    LinearOperatorScaledIdentity,
    LinearOperatorZeros,
)
from bant.operators.matrices import (
    LinearOperatorFullMatrix,
    LinearOperatorLowerTriangular,
    LinearOperatorToeplitz,
    LinearOperatorTridiag,
)
from bant.operators.rearranging import LinearOperatorHouseholder, LinearOperatorPermutation
