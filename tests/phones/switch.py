"""A bare Asterisk of its own, to prove the kit against the real thing without the application."""

import asyncio
import shutil
import socket
import subprocess
from pathlib import Path

from deploy.asterisk import find

MODULES = """
res_sorcery_config res_sorcery_memory res_sorcery_astdb res_timing_timerfd codec_alaw codec_ulaw codec_resample
bridge_simple bridge_softmix bridge_builtin_features res_rtp_asterisk res_musiconhold format_pcm res_crypto
res_pjproject res_pjsip res_pjsip_session res_pjsip_authenticator_digest res_pjsip_endpoint_identifier_ip
res_pjsip_endpoint_identifier_user res_pjsip_registrar res_pjsip_caller_id res_pjsip_dtmf_info
res_pjsip_header_funcs res_pjsip_nat res_pjsip_notify res_pjsip_rfc3326 res_pjsip_sdp_rtp chan_pjsip
pbx_config app_dial app_echo app_stack app_senddtmf app_read app_verbose app_playtones func_callerid func_channel
func_logic func_strings func_timeout res_http_websocket bridge_native_rtp app_exec res_pjsip_pubsub res_pjsip_refer
"""

FILES = {
    "asterisk.conf": """[directories]
astetcdir => {state}/etc
astmoddir => {modules}
astvarlibdir => {state}/lib
astdbdir => {state}/lib
astkeydir => {state}/lib
astdatadir => {data}
astagidir => {state}/lib
astspooldir => {state}/spool
astrundir => {state}/run
astlogdir => {state}/log
[options]
systemname = bare
nocolor = yes
hideconnect = yes
""",
    "modules.conf": "[modules]\nautoload = no\n" + "".join(f"load = {m}.so\n" for m in MODULES.split()),
    "logger.conf": "[general]\n[logfiles]\nmessages = notice,warning,error\n",
    "rtp.conf": "[general]\nrtpstart = {rtp}\nrtpend = {rtp_end}\nstrictrtp = no\n",
    "http.conf": "[general]\nenabled = no\n",
    "manager.conf": "[general]\nenabled = no\n",
    "musiconhold.conf": "[default]\nmode = files\ndirectory = {state}/music\n",
    "indications.conf": "[general]\ncountry = cn\n[cn]\nringcadence = 1000,4000\ndial = 450\nring = 450/1000,0/4000\n",
    "pjsip_notify.conf": "[talk]\nEvent => talk\n[hold]\nEvent => hold\n",
    "pjsip.conf": """[global]
type = global
endpoint_identifier_order = auth_username,username,ip
[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{port}
[trunk]
type = endpoint
context = from-trunk
disallow = all
allow = alaw
direct_media = no
moh_passthrough = yes
[trunk]
type = identify
endpoint = trunk
match = 127.0.0.1
{phones}
""",
    "extensions.conf": """[from-trunk]
exten => echo,1,Answer()
 same => n,Echo()
exten => refuse,1,Hangup(17)
exten => ring,1,Ringing()
 same => n,Wait(60)
exten => keys,1,Answer()
 same => n,Read(KEYS,,4,,,10)
 same => n,SendDTMF(${{KEYS}})
 same => n,Wait(60)
exten => early,1,Progress()
 same => n,Playtones(1000)
 same => n,Wait(60)
exten => auto,1,Set(PJSIP_HEADER(add,X-CC-Call)=c1)
 same => n,Goto(1001,1)
exten => _1XXX,1,Dial(PJSIP/${{EXTEN}},60,b(head^add^1))
[from-seat]
include => from-trunk
[head]
exten => add,1,Set(PJSIP_HEADER(add,X-CC-Call)=c42)
 same => n,Set(PJSIP_HEADER(add,Alert-Info)=<http://localhost>\\;info=alert-autoanswer)
 same => n,Return()
""",
}

PHONE = """[{number}]
type = endpoint
context = from-seat
disallow = all
allow = alaw
direct_media = no
auth = {number}
aors = {number}
dtmf_mode = {dtmf}
[{number}]
type = aor
max_contacts = 1
remove_existing = yes
qualify_frequency = 1
[{number}]
type = auth
auth_type = digest
username = {number}
password = secret-{number}
supported_algorithms_uas = {algorithm}
"""


class Switch:
    """Asterisk with phones 1001 to 1000+n (password `secret-<number>`) and a trunk that is anyone at 127.0.0.1.

    1003 takes keys by INFO alone, 1031 digest with SHA-256 alone; the trunk is told of holds (re-INVITE).
    """

    def __init__(self, state: Path, phones: int = 4) -> None:
        self.state = state
        found = find()
        self.command = [*found.command, "-C", str(state / "etc/asterisk.conf")]
        self.port = _free_port()
        for name in ("etc", "lib", "spool", "run", "log", "music"):
            (state / name).mkdir(parents=True)
        # Asterisk looks for its documentation there; the shared folder is not written to
        values = {
            "state": state, "modules": found.modules, "data": found.data, "port": self.port,
            "rtp": 42000, "rtp_end": 44000,
            "phones": "".join(self._phone(1001 + i) for i in range(phones)),
        }  # fmt: skip
        for name, text in FILES.items():
            (state / "etc" / name).write_text(text.format(**values))
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def _phone(number: int) -> str:
        special = {"dtmf": "info" if number == 1003 else "rfc4733", "algorithm": "SHA-256" if number == 1031 else "MD5"}
        return PHONE.format(number=number, **special)

    @property
    def server(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def start(self) -> None:
        """Start and wait till it is fully booted. Raises RuntimeError with the log when it isn't within 30 s."""
        with (self.state / "log/console").open("wb") as log:
            self._process = subprocess.Popen([*self.command, "-f"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        while not (self.state / "run/asterisk.ctl").exists():
            if self._process.poll() is not None:
                raise RuntimeError((self.state / "log/console").read_text())
            try:
                self._process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        self.cli("core waitfullybooted")

    def cli(self, command: str) -> str:
        """What `asterisk -rx` prints."""
        run = subprocess.run([*self.command, "-rx", command], capture_output=True, text=True, timeout=30, check=True)
        return run.stdout

    async def cli_async(self, command: str) -> str:
        return await asyncio.to_thread(self.cli, command)

    def kill(self) -> None:
        """kill -9, as by accident; `start` begins anew with the same ports."""
        assert self._process
        self._process.kill()
        self._process.wait()
        (self.state / "run/asterisk.ctl").unlink()

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.state, ignore_errors=True)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
