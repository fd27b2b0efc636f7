"""What docker-compose.yml, the Dockerfile and nats.conf have to agree on; no engine is needed to see it."""

import re
import resource
import subprocess
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import yaml

from totalaud.stack.postgres import SETTINGS

ROOT = Path(__file__).parents[2]
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(COMPOSE_TEXT)
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
NATS_CONF = (ROOT / "deploy" / "nats.conf").read_text()
TLS_CONF = (ROOT / "deploy" / "nats-tls.conf").read_text()
CLUSTER_CONF = (ROOT / "deploy" / "nats-cluster.conf").read_text()
LONGEST_ELECTION_S = 9
TLS_TEXT = (ROOT / "deploy" / "docker-compose.tls.yml").read_text()
WITH_TLS = yaml.safe_load(TLS_TEXT)["services"]
OPERATIONS = (ROOT / "OPERATIONS.md").read_text()
TLS_FOLDER = "${TLS_FOLDER:?the folder with nats.pem, nats.key and ca.pem}"


@pytest.fixture(scope="module")
def made_env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What deploy/make-env writes."""
    file = tmp_path_factory.mktemp("env") / ".env"
    subprocess.run([ROOT / "deploy" / "make-env", file], check=True, capture_output=True)
    assert file.stat().st_mode & 0o077 == 0
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_every_service_of_ours_is_there():
    assert {"orchestrator", "skill-runner", "projector", "campaigns", "provision", "skills"} <= set(OURS)


def test_two_runners_share_the_work():
    assert SERVICES["skill-runner"]["deploy"]["replicas"] == 2


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_comes_back_and_says_little_to_the_disk(name):
    assert SERVICES[name]["restart"]
    assert SERVICES[name]["logging"]["options"]["max-size"]


def test_traces_take_no_more_memory_than_leaves_the_others_theirs():
    assert SERVICES["jaeger"]["mem_limit"] == "2g"


@pytest.mark.parametrize("name", OURS)
def test_process_1_buries_what_skills_leave_behind_and_ends_when_it_is_told_to_while_it_starts(name):
    assert SERVICES[name]["init"] is True


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if "ports" in service])
def test_ports_are_open_to_this_machine_alone(name):
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])


@pytest.mark.parametrize("name", ["orchestrator", "skill-runner", "projector", "campaigns"])
def test_a_service_waits_for_its_streams_and_is_watched(name):
    service = SERVICES[name]
    assert service["depends_on"]["provision"]["condition"] == "service_completed_successfully"
    assert f":{service['environment']['TOTALAUD_HEALTH_PORT']}/healthz" in service["healthcheck"]["test"][-1]


@pytest.mark.parametrize("name", [name for name in OURS if SERVICES[name]["restart"] != "unless-stopped"])
def test_somebody_waits_for_whatever_ends_or_else_up_would_take_its_end_for_a_failure(name):
    waiting = [service["depends_on"].get(name) for service in OURS.values() if "depends_on" in service]
    assert {"condition": "service_completed_successfully"} in waiting


@pytest.mark.parametrize("name", ["orchestrator", "skill-runner", "projector", "campaigns", "provision"])
def test_a_service_comes_in_as_a_user_that_nats_knows(name):
    url = urlsplit(SERVICES[name]["environment"]["TOTALAUD_NATS_URL"].replace("${", "").replace("}", ""))
    variable = url.password
    assert re.search(rf"user: {url.username}, password: \${variable}\b", NATS_CONF)


def test_what_the_page_on_operations_lets_one_set_reaches_whoever_reads_it():
    table = OPERATIONS.split("## Settings")[1].split("\n## ")[0]
    ours = set(re.findall(r"^\| `(TOTALAUD_[A-Z_]+)`", table, re.MULTILINE))
    of_the_image = {"TOTALAUD_SKILLS", "TOTALAUD_USER", "TOTALAUD_NATS_CA", "TOTALAUD_MASTER_KEY"}
    runner = SERVICES["skill-runner"]
    assert ours - of_the_image <= set(runner["environment"])
    assert all(
        "TOTALAUD_ACK_WAIT_S" in SERVICES[name]["environment"] for name in ("provision", "orchestrator")
    )
    traces = set(re.findall(r"`(OTEL_[A-Z_]+)", table)) - {"OTEL_EXPORTER_OTLP_PROTOCOL"}
    traces |= {"OTEL_TRACES_SAMPLER_ARG", "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_COMPRESSION"}
    for name in ("orchestrator", "skill-runner", "projector", "campaigns"):
        assert traces <= set(SERVICES[name]["environment"])
    models, kept = runner["volumes"]
    assert kept.split(":")[1] == runner["environment"]["TOTALAUD_KEPT_SKILLS"]
    assert f"-o totalaud {kept.split(':')[1]}" in (ROOT / "deploy/Dockerfile").read_text()
    assert models["target"] == runner["environment"]["TOTALAUD_MODELS"]
    assert "${TOTALAUD_MODELS:-" in models["source"]
    assert (ROOT / models["source"].removeprefix("${TOTALAUD_MODELS:-").removesuffix("}")).is_file()


def test_a_backup_that_is_taken_there_names_who_acts_there():
    assert SERVICES["provision"]["environment"]["TOTALAUD_USER"] == "${TOTALAUD_USER}"


def test_nats_finds_every_variable_that_it_names():
    named = {found for line in NATS_CONF.splitlines() for found in re.findall(r"\$([A-Z]+_[A-Z_]+)", line)}
    assert named == set(SERVICES["nats"]["environment"])


@pytest.mark.parametrize(
    "name", [name for name in OURS if "TOTALAUD_NATS_URL" in OURS[name].get("environment", {})]
)
def test_with_tls_everybody_comes_in_as_the_same_user(name):
    there = WITH_TLS[name]["environment"]
    assert there["TOTALAUD_NATS_URL"] == OURS[name]["environment"]["TOTALAUD_NATS_URL"].replace(
        "nats:", "tls:", 1
    )
    assert WITH_TLS[name]["volumes"] == [f"{TLS_FOLDER}/ca.pem:{there['TOTALAUD_NATS_CA']}:ro"]


def test_with_tls_every_command_of_compose_takes_the_same_files_for_each_makes_nats_anew_by_its_own():
    told = re.findall(r"COMPOSE_FILE=([\w./:-]+)", TLS_TEXT + OPERATIONS)
    assert set(told) == {"docker-compose.yml:deploy/docker-compose.tls.yml"}
    assert len(told) == 2
    assert all((ROOT / file).is_file() for file in told[0].split(":"))
    assert "compose -f" not in TLS_TEXT + OPERATIONS


def test_nats_with_tls_finds_every_variable_that_it_names():
    assert set(re.findall(r"\$([A-Z_]+)", TLS_CONF)) == set(WITH_TLS["nats"]["environment"])
    assert 'include "nats.conf"' in TLS_CONF
    assert WITH_TLS["nats"]["command"][1] in WITH_TLS["nats"]["volumes"][0]


def test_postgres_writes_no_statement_and_no_row_to_its_log_there_either():
    quiet = given_to_postgres(*(name for name in SETTINGS if name.startswith("log_") and "zone" not in name))
    assert len(quiet) == 2
    assert quiet | given_to_postgres("max_notify_queue_pages") == set(SERVICES["postgres"]["command"]) - {
        "-c"
    }


def given_to_postgres(*names: str) -> set[str]:
    return {f"{name}={SETTINGS[name]}" for name in names}


def test_what_compose_must_have_make_env_writes(made_env):
    named = set(re.findall(r"\$\{([A-Z_]+)(?!:-)[:}]", COMPOSE_TEXT))
    defaulted = set(re.findall(r"\$\{([A-Z_]+):-", COMPOSE_TEXT))
    assert named - defaulted <= set(made_env)


def test_make_env_never_writes_twice(made_env, tmp_path):
    file = tmp_path / ".env"
    file.write_text("mine")
    done = subprocess.run([ROOT / "deploy" / "make-env", file], check=False, capture_output=True)
    assert (done.returncode, file.read_text()) == (1, "mine")


def test_make_env_writes_all_of_it_or_nothing(tmp_path):
    done = subprocess.run(
        [ROOT / "deploy" / "make-env", tmp_path / ".env"],
        check=False,
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200)),
    )
    assert done.returncode != 0
    assert not (tmp_path / ".env").exists()


def test_made_secrets_differ_and_the_user_is_a_uuid(made_env):
    secrets = [value for name, value in made_env.items() if "PASSWORD" in name or "MASTER" in name]
    assert len(set(secrets)) == len(secrets) == 8
    assert UUID(made_env["TOTALAUD_USER"]).version == 4


def test_the_image_is_built_with_the_uv_of_the_makefile():
    pinned = re.search(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert pinned
    assert f"ARG UV_VERSION={pinned[1]}\n" in DOCKERFILE


def test_the_image_holds_every_project():
    projects = [file.parent.relative_to(ROOT) for file in ROOT.glob("*/pyproject.toml")]
    projects += [file.parent.relative_to(ROOT) for file in ROOT.glob("services/*/pyproject.toml")]
    assert all(f"./{project}" in DOCKERFILE for project in projects)


def test_the_image_s_user_can_read_the_skills_of_a_checkout_that_is_its_owner_s_alone():
    copied, opened, user = map(
        DOCKERFILE.index, ("COPY skills", "chmod -R a+rX /app/skills", "USER totalaud")
    )
    assert copied < opened < user


def test_the_links_to_a_node_that_stands_still_are_cut_as_soon_as_another_one_leads():
    """Until then each node sends it a share of what is asked, which it does not answer."""
    every_s, unanswered = (
        int(re.search(rf"\b{name}: (\d+)", CLUSTER_CONF)[1]) for name in ("ping_interval", "ping_max")
    )
    assert every_s * (unanswered + 2) <= LONGEST_ELECTION_S


def test_images_are_pinned():
    images = [service["image"] for name, service in SERVICES.items() if name not in OURS]
    assert all(re.fullmatch(r"[\w/]+:\d+[\w.-]*", image) for image in images)
