"""`tf.io`'s files and numbers in bytes, and the characters of `tf.strings`: what TensorFlow gives and refuses."""

import numpy as np
import pytest

import bant as tf

INVALID = tf.errors.InvalidArgumentError

VALUES = [
    (lambda: tf.strings.unicode_decode("héé", "UTF-8"), [104, 233, 233]),
    (lambda: tf.strings.unicode_decode(b"a\xff\xe2\x82b", "UTF-8"), [97, 65533, 65533, 98]),
    (lambda: tf.strings.unicode_decode(b"a\xffb", "UTF-8", errors="ignore"), [97, 98]),
    (lambda: tf.strings.unicode_decode(b"a\xffb", "UTF-8", replacement_char=65), [97, 65, 98]),
    (lambda: tf.strings.unicode_decode("a\tb", "UTF-8", replace_control_characters=True), [97, 65533, 98]),
    (lambda: tf.strings.unicode_decode(b"\x00a\x00b", "UTF-16-BE"), [97, 98]),
    (lambda: tf.strings.unicode_decode("", "UTF-8"), []),
    (lambda: tf.strings.unicode_split("hé", "UTF-8"), [b"h", "é".encode()]),
    (lambda: tf.strings.unicode_split(b"a\xffb", "UTF-8"), [b"a", "\ufffd".encode(), b"b"]),
    (lambda: tf.strings.unicode_encode([104, 233], "UTF-8"), "hé".encode()),
    (lambda: tf.strings.unicode_encode([[104, 233], [1, 2]], "UTF-8"), ["hé".encode(), b"\x01\x02"]),
    (lambda: tf.strings.unicode_encode([104, -1, 0x110000, 0xD800], "UTF-8"), "h\ufffd\ufffd\ufffd".encode()),
    (lambda: tf.strings.unicode_encode([104, -1], "UTF-16-BE", errors="ignore"), b"\x00h"),
    (lambda: tf.strings.unicode_transcode(["hé"], "UTF-8", "UTF-16-BE"), [b"\x00h\x00\xe9"]),
    (lambda: tf.io.decode_raw("abcd", tf.uint8), [97, 98, 99, 100]),
    (lambda: tf.io.decode_raw(["abcd", "efgh"], tf.int16), [[25185, 25699], [26213, 26727]]),
    (lambda: tf.io.decode_raw("abcd", tf.int16, little_endian=False), [24930, 25444]),
    (lambda: tf.io.decode_raw(["abcd", "ef"], tf.uint8, fixed_length=4), [[97, 98, 99, 100], [101, 102, 0, 0]]),
    (lambda: tf.io.decode_raw(b"\x00\x01\x02", tf.bool), [False, True, True]),
    (lambda: tf.io.decode_raw(np.array([1 + 2j], ">c8").tobytes(), tf.complex64, little_endian=False), [1 + 2j]),
    (lambda: tf.io.decode_raw([], tf.uint8), np.zeros((0, 0))),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(VALUES)))
def test_value(case):
    call, expected = VALUES[case]
    result, expected = call().numpy(), np.asarray(expected)
    assert np.shape(result) == expected.shape
    assert np.asarray(result).tolist() == expected.tolist()


ERRORS = [
    (lambda: tf.strings.unicode_decode(b"a\xff", "UTF-8", errors="strict"), INVALID, "Invalid formatting"),
    (lambda: tf.strings.unicode_decode(["ab", "c"], "UTF-8"), INVALID, "Call it for each"),
    (lambda: tf.strings.unicode_decode("a", "FOO"), INVALID, "input encoding: FOO"),
    (lambda: tf.strings.unicode_decode("a", "UTF-8", errors="x"), INVALID, "attr 'errors' of 'x'"),
    (lambda: tf.strings.unicode_decode("a", "UTF-8", replacement_char=-1), INVALID, "replacement_char"),
    (lambda: tf.strings.unicode_split("a", "LATIN1"), INVALID, "'output_encoding' of 'LATIN1'"),
    (lambda: tf.strings.unicode_encode([-1], "UTF-8", errors="strict"), INVALID, "out of range for Unicode"),
    (lambda: tf.strings.unicode_encode([1.0], "UTF-8"), INVALID, "integers"),
    (lambda: tf.io.decode_raw("abc", tf.int16), INVALID, "length 3 that is not a multiple of 2"),
    (lambda: tf.io.decode_raw(["abcd", "ef"], tf.uint8), INVALID, "element 1 has size 2 != 4"),
    (lambda: tf.io.decode_raw("abcd", tf.string), INVALID, "string"),
    (lambda: tf.io.decode_raw("abcd", tf.qint8), INVALID, "qint8"),
    (lambda: tf.io.read_file(["a"]), INVALID, "must be scalar"),
    (lambda: tf.io.read_file("no such file"), tf.errors.NotFoundError, "no such file; No such file"),
    (lambda: tf.io.write_file("x", 3), TypeError, "string"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_error(case):
    call, kind, phrase = ERRORS[case]
    with pytest.raises(kind, match=phrase):
        call()


def test_files(tmp_path):
    path = str(tmp_path / "made" / "greeting.bin")
    tf.io.write_file(path, b"\x00hello\xff")
    assert tf.io.read_file(tf.constant(path)).numpy() == b"\x00hello\xff"
    tf.io.write_file(path, "other")
    assert tf.io.read_file(path).numpy() == b"other"
    tf.io.write_file(str(tmp_path / "made" / "a.bin"), "")
    found = tf.io.matching_files([str(tmp_path / "made" / "*.bin"), path])
    assert [name.decode() for name in found.numpy()] == [str(tmp_path / "made" / "a.bin"), path]
    with pytest.raises(tf.errors.FailedPreconditionError, match="directory"):
        tf.io.read_file(str(tmp_path))
