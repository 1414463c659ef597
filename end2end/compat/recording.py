"""Something to transcribe."""

import pathlib
import wave


def write_recording(path: pathlib.Path) -> None:
    """One second of silence: 16-bit samples, one channel of 16 kHz."""
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(16_000)
        recording.writeframes(bytes(32_000))
