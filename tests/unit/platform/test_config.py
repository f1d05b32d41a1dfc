"""The environment is read once, with documented defaults, and a wrong value names its variable."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.platform.config import Config
from mno.platform.errors import Invalid


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    config = Config.from_environment({})
    assert (config.host, config.port, config.otlp_grpc_port) == ("127.0.0.1", 8420, 4317)
    assert config.data_folder.name == "mno"
    assert (config.postgres_url, config.clickhouse_url, config.bootstrap_api_key) == ("", "", "")


def test_every_variable_is_read() -> None:
    config = Config.from_environment(
        {
            "MNO_HOST": "0.0.0.0",
            "MNO_PORT": "9000",
            "MNO_DATA_DIR": "~/hub",
            "MNO_POSTGRES_URL": "postgresql://db/mno",
            "MNO_CLICKHOUSE_URL": "clickhouse://ch",
            "MNO_BOOTSTRAP_API_KEY": "mno_secret",
            "MNO_OTLP_GRPC_PORT": "0",
            "MNO_PUBLIC_URL": "https://hub.example/",
            "MNO_LOG_LEVEL": "Debug",
            "MNO_LOG_FORMAT": "json",
        }
    )
    assert config == Config(
        host="0.0.0.0",
        port=9000,
        data_folder=Path("~/hub").expanduser(),
        postgres_url="postgresql://db/mno",
        clickhouse_url="clickhouse://ch",
        bootstrap_api_key="mno_secret",
        otlp_grpc_port=0,
        public_url="https://hub.example",
        log_level="debug",
        log_format="json",
    )


def test_secrets_do_not_show_when_the_configuration_is_printed() -> None:
    config = Config.from_environment({"MNO_POSTGRES_URL": "hush1", "MNO_BOOTSTRAP_API_KEY": "hush2"})
    assert "hush" not in repr(config)


@given(st.text().filter(lambda text: text.strip() and not (text.strip().isascii() and text.strip().isdigit())))
def test_a_port_that_is_no_number_names_its_variable(text: str) -> None:
    with pytest.raises(Invalid, match="MNO_PORT"):
        Config.from_environment({"MNO_PORT": text})


@pytest.mark.parametrize("port", ["65536", "99999999999999999999"])
def test_a_port_beyond_the_last_is_refused(port: str) -> None:
    with pytest.raises(Invalid, match="65535"):
        Config.from_environment({"MNO_OTLP_GRPC_PORT": port})


def test_an_unknown_log_level_names_those_that_exist() -> None:
    with pytest.raises(Invalid, match="info, debug"):
        Config.from_environment({"MNO_LOG_LEVEL": "loud"})


@pytest.mark.parametrize(
    ("host", "public", "shown"),
    [
        ("127.0.0.1", "", "http://localhost:8421"),
        ("0.0.0.0", "", "http://localhost:8421"),
        ("10.0.0.7", "", "http://10.0.0.7:8421"),
        ("fd00::7", "", "http://[fd00::7]:8421"),
        ("0.0.0.0", "https://hub.example", "https://hub.example"),
    ],
)
def test_the_address_that_is_shown_is_one_that_can_be_opened(host: str, public: str, shown: str) -> None:
    assert Config(host=host, public_url=public).url(8421) == shown
