/* What a developer copies to send a first line. `host` is the hub's origin without a slash at its end. */

export function curlSnippet(host: string, key: string): string {
  return `curl ${host}/api/logs \\
  -H "Authorization: Bearer ${key}" \\
  -H "Content-Type: application/json" \\
  -d '[{"level": "warn", "topic": "billing", "service": "shop", "body": "The card was declined", "attributes": {"order": 1042}}]'`;
}

export function pythonSnippet(host: string, key: string): string {
  return `# pip install opentelemetry-exporter-otlp-proto-http opentelemetry-instrumentation-logging
import logging

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

exporter = OTLPLogExporter("${host}/otlp/v1/logs", headers={"authorization": "Bearer ${key}"})
provider = LoggerProvider(Resource.create({"service.name": "shop"}))
provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
logging.getLogger().addHandler(LoggingHandler(logger_provider=provider))

logging.getLogger("billing").warning("The card was declined", extra={"order": 1042})
provider.shutdown()  # at the end: sends what waits`;
}
