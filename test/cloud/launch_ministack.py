"""Starts MiniStack so that the kit's synthesized template deploys to it unedited.

Usage: BIND_HOST=127.0.0.1 GATEWAY_PORT=4566 RECORDED_RESOURCES=recorded.jsonl python launch_ministack.py

Health: GET /_ministack/health. What it adds to MiniStack 1.5.33:
- types, and alarms on metric math, that CloudFormation only records: properties go, one JSON object a line, to the file RECORDED_RESOURCES
- layers are unzipped once, with file modes, and stand where a variable's value says /opt
- at most WORKERS_PER_FUNCTION invocations of one function at a time; the others wait
- the name of the error that a Node handler throws reaches the state machine, as on AWS
- REST APIs call functions that stream, whose answers then come whole
- functions reach the sockets of API Gateway: a variable's address of a stage of AWS becomes the one of this machine
- the protocol that the function of $connect answers is that of the socket
- a socket is closed only after what was posted to it before is sent
- a state that waits for a task token fails at once when its function fails, as on AWS
"""

import asyncio
import contextvars
import hashlib
import io
import json
import os
import pathlib
import re
import tempfile
import threading
import types
import uuid
import zipfile

from ministack.app import main
from ministack.core import lambda_runtime
from ministack.services import apigateway, apigateway_v1, lambda_svc, stepfunctions
from ministack.services.cloudformation import provisioners

RECORDED = pathlib.Path(os.environ["RECORDED_RESOURCES"])
WORKERS_PER_FUNCTION = int(os.environ.get("WORKERS_PER_FUNCTION", "3"))
ACCOUNT, REGION = "000000000000", "us-east-1"

_recording = threading.Lock()


def record(resource_type, physical_id, properties):
    with _recording, RECORDED.open("a") as file:
        file.write(json.dumps({"type": resource_type, "physicalId": physical_id, "properties": properties}) + "\n")


def record_only(resource_type, physical_id_of, attributes_of=lambda name, properties: {}):
    """A CloudFormation type that does nothing; its Ref and attributes are of the form that AWS gives."""

    def create(logical_id, properties, stack):
        name = f"{stack}-{logical_id}-{uuid.uuid4().hex[:8]}"
        physical_id = physical_id_of(name, properties)
        record(resource_type, physical_id, properties)
        return physical_id, attributes_of(physical_id, properties)

    def update(physical_id, old, new, *args, **kwargs):
        record(resource_type, physical_id, new)
        return physical_id, attributes_of(physical_id, new)

    return {"create": create, "update": update, "delete": lambda *args, **kwargs: None}


def sagemaker(kind):
    """Ref is the ARN, the name is an attribute."""
    name_property = f"{kind}Name"

    def arn(name, properties):
        return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind.lower()}/{properties.get(name_property) or name}"

    return record_only(f"AWS::SageMaker::{kind}", arn, lambda arn, _: {name_property: arn.rsplit("/", 1)[1]})


def scalable_target_id(name, properties):
    return "|".join(properties[part] for part in ("ResourceId", "ScalableDimension", "ServiceNamespace"))


def scaling_policy_arn(name, properties):
    policy = properties.get("PolicyName") or name
    return f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:{uuid.uuid4()}:policyName/{policy}"


def alarm_name(name, properties):
    return properties.get("AlarmName") or name


def alarm_attributes(name, properties):
    return {"Arn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"}


recorded_alarm = record_only("AWS::CloudWatch::Alarm", alarm_name, alarm_attributes)
evaluated_alarm = provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"]


def create_alarm(logical_id, properties, stack):
    """MiniStack has no metric math: alarms on it are recorded."""
    kind = recorded_alarm if "Metrics" in properties else evaluated_alarm
    return kind["create"](logical_id, properties, stack)


provisioners._RESOURCE_HANDLERS.update({
    "AWS::CloudWatch::Alarm": {**evaluated_alarm, "create": create_alarm},
    "AWS::SageMaker::Model": sagemaker("Model"),
    "AWS::SageMaker::EndpointConfig": sagemaker("EndpointConfig"),
    "AWS::SageMaker::Endpoint": sagemaker("Endpoint"),
    "AWS::ApplicationAutoScaling::ScalableTarget": record_only(
        "AWS::ApplicationAutoScaling::ScalableTarget", scalable_target_id, lambda id, _: {"Id": id}),
    "AWS::ApplicationAutoScaling::ScalingPolicy": record_only(
        "AWS::ApplicationAutoScaling::ScalingPolicy", scaling_policy_arn, lambda arn, _: {"Arn": arn}),
    "AWS::CloudWatch::CompositeAlarm": record_only("AWS::CloudWatch::CompositeAlarm", alarm_name, alarm_attributes),
})


_worker = threading.local()
_unzipping = threading.Lock()


class Archive(zipfile.ZipFile):
    """MiniStack unzips a function's layers anew for each worker, and loses file modes; here workers share one copy."""

    def extractall(self, path=None, members=None, pwd=None):
        name = os.path.basename(self.filename)
        if name.startswith("layer_"):
            os.rmdir(path)
            os.symlink(_worker.layers[int(name.removeprefix("layer_").removesuffix(".zip"))], path)
        else:
            extract_with_modes(self, path)


def extract_with_modes(archive, folder):
    zipfile.ZipFile.extractall(archive, folder)
    for entry in archive.infolist():
        mode = entry.external_attr >> 16 & 0o777
        if mode and not entry.is_dir():
            os.chmod(os.path.join(folder, entry.filename), mode)


def unzipped(layer):
    """The folder that holds this layer's files, made when first asked for; None if MiniStack has no bytes of it."""
    layer_zip = lambda_svc._resolve_layer_zip(layer)
    if not layer_zip:
        return None
    arn = layer if isinstance(layer, str) else layer["Arn"]
    folder = pathlib.Path(tempfile.gettempdir(), "layers", hashlib.sha256(arn.encode()).hexdigest())
    with _unzipping:
        if not folder.is_dir():
            partial = folder.with_suffix(".partial")
            with zipfile.ZipFile(io.BytesIO(layer_zip)) as archive:
                extract_with_modes(archive, partial)
            partial.rename(folder)
    return str(folder)


def in_layers(value, layers):
    """A path under /opt, where it really lies: later layers lie over earlier ones."""
    for layer in reversed(layers):
        path = os.path.join(layer, value.removeprefix("/opt/"))
        if os.path.exists(path):
            return path
    return value


STAGE_ADDRESS = re.compile(r"(http|ws)s://(\w+)\.execute-api\.[^/]+/")
OWN_ADDRESS = f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}/_aws/execute-api"


def on_this_machine(value, layers):
    """A variable's value, where what it names really is."""
    paths = ":".join(in_layers(path, layers) if path.startswith("/opt/") else path for path in value.split(":"))
    return STAGE_ADDRESS.sub(rf"\1://{OWN_ADDRESS}/\2/", paths)


class LayeredWorker(lambda_runtime.Worker):
    def _spawn(self):
        layers = [folder for folder in map(unzipped, self.config.get("Layers") or []) if folder]
        _worker.layers = layers
        environment = self.config.get("Environment") or {}
        variables = {
            name: on_this_machine(value, layers)
            for name, value in environment.get("Variables", {}).items()
        }
        self.config = {**self.config, "Environment": {**environment, "Variables": variables}}
        super()._spawn()

    def invoke(self, *args, **kwargs):
        response = super().invoke(*args, **kwargs)
        _worker.error_type = response.get("type")
        return response


_slots, _slots_lock = {}, threading.Lock()
_execute_unbounded = lambda_svc._execute_function_warm


def execute_bounded(function, event, request_id):
    name = (function.get("config") or function).get("FunctionName", "")
    with _slots_lock:
        slots = _slots.setdefault(name, threading.BoundedSemaphore(WORKERS_PER_FUNCTION))
    with slots:
        _worker.error_type = None
        result = _execute_unbounded(function, event, request_id)
        if result.get("error") and _worker.error_type:
            result["body"]["errorType"] = _worker.error_type
        return result


_function_of = apigateway_v1._extract_lambda_ref_from_integration_uri


def function_of(uri):
    return _function_of(uri.replace("/response-streaming-invocations", "/invocations"))


_handle_websocket, _invoke_for_socket = apigateway.handle_websocket, apigateway._invoke_ws_lambda
_connect_answer = contextvars.ContextVar("connect_answer", default=None)


async def invoke_for_socket(api_id, account_id, region, route, *args, **kwargs):
    answer = await _invoke_for_socket(api_id, account_id, region, route, *args, **kwargs)
    if route.get("routeKey") == "$connect":
        _connect_answer.set(answer)
    return answer


async def handle_websocket(scope, receive, send, *args, **kwargs):
    async def send_with_protocol(message):
        protocol = ((_connect_answer.get() or {}).get("headers") or {}).get("Sec-WebSocket-Protocol")
        if protocol and message["type"] == "websocket.accept":
            message = {**message, "subprotocol": protocol}
        await send(message)

    await _handle_websocket(scope, receive, send_with_protocol, *args, **kwargs)


_handle_connection = apigateway.handle_connections_api


async def handle_connection(method, api_id, stage, connection_id, body, headers):
    connection = apigateway._ws_connections.get(connection_id)
    while method == "DELETE" and connection and not (connection["outbox"].empty() or connection["close_event"].is_set()):
        await asyncio.sleep(0.01)
    return await _handle_connection(method, api_id, stage, connection_id, body, headers)


_waiting = threading.local()
_call_lambda, _invoke_with_callback = stepfunctions._call_lambda, stepfunctions._invoke_with_callback


def call_lambda(function, event):
    try:
        return _call_lambda(function, event)
    except stepfunctions._ExecutionError as error:
        task = stepfunctions._task_tokens.get(getattr(_waiting, "token", None))
        if task:
            task["error"] = {"Error": error.error, "Cause": error.cause}
            task["event"].set()
        raise


def invoke_with_callback(resource, input_data, token, state):
    _waiting.token = token
    try:
        return _invoke_with_callback(resource, input_data, token, state)
    finally:
        _waiting.token = None


stepfunctions._call_lambda, stepfunctions._invoke_with_callback = call_lambda, invoke_with_callback
apigateway_v1._extract_lambda_ref_from_integration_uri = function_of
apigateway.handle_connections_api = handle_connection
apigateway.handle_websocket, apigateway._invoke_ws_lambda = handle_websocket, invoke_for_socket
lambda_runtime._NODEJS_WORKER_SCRIPT = lambda_runtime._NODEJS_WORKER_SCRIPT.replace(
    'trace: err.stack || ""', 'trace: err.stack || "", type: err.name')
lambda_runtime.zipfile = types.SimpleNamespace(
    ZipFile=Archive, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile)
lambda_runtime.Worker = LayeredWorker
lambda_svc._execute_function_warm = execute_bounded

if __name__ == "__main__":
    main()
