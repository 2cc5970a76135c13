import builtins
from typing import Any, Final

import numpy as np

from bant import cast as cast
from bant import complex as complex
from bant import saturate_cast as saturate_cast
from bant._typing import DTypeLike

class DType:
    """The type of a tensor's elements, such as `tf.float32`."""

    def __new__(cls, type_enum: DTypeLike) -> DType: ...
    @property
    def name(self) -> str: ...
    @property
    def code(self) -> int: ...
    @property
    def as_datatype_enum(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def is_bool(self) -> builtins.bool: ...
    @property
    def is_integer(self) -> builtins.bool: ...
    @property
    def is_unsigned(self) -> builtins.bool: ...
    @property
    def is_floating(self) -> builtins.bool: ...
    @property
    def is_complex(self) -> builtins.bool: ...
    @property
    def is_numpy_compatible(self) -> builtins.bool: ...
    @property
    def is_quantized(self) -> builtins.bool: ...
    @property
    def base_dtype(self) -> DType: ...
    @property
    def real_dtype(self) -> DType: ...
    @property
    def as_numpy_dtype(self) -> type[Any]: ...
    @property
    def min(self) -> int | np.floating[Any]: ...
    @property
    def max(self) -> int | np.floating[Any]: ...
    @property
    def limits(self) -> tuple[builtins.bool | int, builtins.bool | int]: ...
    def is_compatible_with(self, other: DTypeLike) -> builtins.bool: ...
    def __eq__(self, other: object) -> builtins.bool: ...
    def __hash__(self) -> int: ...
    def __int__(self) -> int: ...
    def __setattr__(self, name: str, value: Any) -> None: ...
    def __delattr__(self, name: str) -> None: ...

bool: Final[DType]
int8: Final[DType]
int16: Final[DType]
int32: Final[DType]
int64: Final[DType]
uint8: Final[DType]
uint16: Final[DType]
uint32: Final[DType]
uint64: Final[DType]
float16: Final[DType]
bfloat16: Final[DType]
float32: Final[DType]
float64: Final[DType]
complex64: Final[DType]
complex128: Final[DType]
string: Final[DType]
resource: Final[DType]
variant: Final[DType]
qint8: Final[DType]
qint16: Final[DType]
qint32: Final[DType]
quint8: Final[DType]
quint16: Final[DType]
half: Final[DType]
double: Final[DType]

TABLE: Final[tuple[DType, ...]]
QUANTIZED_DTYPES: Final[frozenset[DType]]

def as_dtype(type_value: DTypeLike) -> DType:
    """The `DType` that `type_value` names."""
