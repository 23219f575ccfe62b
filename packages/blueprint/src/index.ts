/** What we watch, as checked code: dashboards, rules and objectives as values, their checks, and the files they render to. */

// What an expression may be, and what a definition that cannot be throws.

export { DefinitionError } from './dashboard/definition-error.ts';
export type { BuiltQuery, Expression } from './expression.ts';

// Dashboards.

export {
  type Annotation,
  type AnnotationSettings,
  annotation,
  firingAlerts,
  processRestarts,
} from './dashboard/annotation.ts';
export { type BarGaugePanel, type BarGaugeSpec, barGauge } from './dashboard/bar-gauge.ts';
export type { Color, NamedColor } from './dashboard/color.ts';
export {
  type Dashboard,
  type DashboardSpec,
  dashboard,
  type Row,
  type RowSpec,
  row,
} from './dashboard/dashboard.ts';
export type { Calc, Mapping, Override, OverrideMatch, Threshold, ValueText } from './dashboard/field.ts';
export { type GaugePanel, type GaugeSpec, gauge } from './dashboard/gauge.ts';
export { type HeatmapPanel, type HeatmapSpec, heatmap } from './dashboard/heatmap.ts';
export { type HistogramPanel, type HistogramSpec, histogram } from './dashboard/histogram.ts';
export type { JsonObject, JsonValue } from './dashboard/json.ts';
export {
  type DashboardLink,
  type LinkSettings,
  link,
  type TagLink,
  tagLink,
  type UrlLink,
} from './dashboard/link.ts';
export { type OtherPanel, type OtherSpec, other } from './dashboard/other.ts';
export type {
  Asked,
  Panel,
  PanelCommon,
  PanelFrame,
  PanelPlace,
  PanelSpec,
  QuerySpec,
  Repeat,
} from './dashboard/panel.ts';
export { type PiePanel, type PieSpec, pie } from './dashboard/pie.ts';
export type { Query } from './dashboard/query.ts';
export { type StatPanel, type StatSpec, stat } from './dashboard/stat.ts';
export {
  type StateTimelinePanel,
  type StateTimelineSpec,
  stateTimeline,
} from './dashboard/state-timeline.ts';
export { type Column, type TablePanel, type TableSpec, table } from './dashboard/table.ts';
export { type TextPanel, type TextSpec, text } from './dashboard/text.ts';
export { type TimeseriesPanel, type TimeseriesSpec, timeseries } from './dashboard/timeseries.ts';
export { UNIT_IDS, type Unit, type UnitId } from './dashboard/unit-id.ts';
export {
  type ConstantVariable,
  type CustomVariable,
  constantVariable,
  customVariable,
  type DatasourceVariable,
  datasourceVariable,
  type IntervalVariable,
  intervalVariable,
  type LabelVariable,
  labelVariable,
  type OtherVariable,
  type QueryVariable,
  queryVariable,
  type TextboxVariable,
  textboxVariable,
  type Variable,
} from './dashboard/variable.ts';

// Recording and alerting rules.

export { type AlertSpec, alert } from './rules/alert.ts';
export type {
  AlertText,
  AlertTextSpec,
  LabelsOfExpression,
  Placeholder,
  Placeholders,
  RuleExpression,
} from './rules/alert-text.ts';
export { record } from './rules/record.ts';
export { type RuleFileOptions, renderRuleFile } from './rules/render-rules.ts';
export type { AlertRule, AlertSeverity, RecordRule, Rule, RuleGroup } from './rules/rule.ts';
export { type RuleGroupSpec, ruleGroup } from './rules/rule-group.ts';

// Objectives, and what became of them.

export { type BurnRate, type BurnRateWindow, PAGE_WINDOWS, TICKET_WINDOWS } from './slo/burn-rate.ts';
export { type SloDashboardSpec, sloDashboard } from './slo/dashboard.ts';
export { type Counters, type RatioSpec, ratio, type SloEvents } from './slo/events.ts';
export type { BurnRateAlerting, SloAlerting } from './slo/groups.ts';
export { type LatencySpec, latency } from './slo/latency.ts';
export { type ReportQuery, type SloOutcome, type SloState, sloReport } from './slo/report.ts';
export { sloReportMarkdown, sloReportText } from './slo/report-table.ts';
export { type Slo, type SloSpec, slo } from './slo/slo.ts';

// Tests of rules.

export {
  type Expectation,
  type ExpectedAlert,
  type ExpectedSample,
  fires,
  gives,
  isRuleTests,
  type RuleTest,
  type RuleTestSpec,
  type RuleTests,
  ruleTest,
  ruleTests,
  series,
  silent,
} from './testing/rule-tests.ts';

// Ready-made watches: panels and alerts about one instrument each.

export { type CacheAlert, type CacheInstrument, type CacheWatchOptions, cacheWatch } from './watch/cache.ts';
export {
  type CleanupAlert,
  type CleanupInstrument,
  type CleanupWatchOptions,
  cleanupWatch,
} from './watch/cleanup.ts';
export {
  type DatabaseAlert,
  type DatabaseInstrument,
  type DatabaseWatchOptions,
  databaseWatch,
} from './watch/database.ts';
export {
  type DependenciesInstrument,
  type DependenciesWatchOptions,
  type DependencyAlert,
  dependenciesWatch,
} from './watch/dependencies.ts';
export {
  type DownloadsAlert,
  type DownloadsInstrument,
  type DownloadsWatchOptions,
  downloadsWatch,
} from './watch/downloads.ts';
export {
  type EventsAlert,
  type EventsInstrument,
  type EventsWatchOptions,
  eventsWatch,
} from './watch/events.ts';
export { type GpuAlert, type GpuInstrument, type GpuWatchOptions, gpuWatch } from './watch/gpu.ts';
export { type HttpAlert, type HttpInstrument, type HttpWatchOptions, httpWatch } from './watch/http.ts';
export { type JobsAlert, type JobsInstrument, type JobsWatchOptions, jobsWatch } from './watch/jobs.ts';
export {
  type MonitorAlert,
  type MonitorInstrument,
  type MonitorWatchOptions,
  monitorWatch,
} from './watch/monitor.ts';
export { MONITOR_METRICS } from './watch/monitor-metrics.ts';
export type { OutcomeOptions } from './watch/outcomes.ts';
export {
  type RuntimeAlert,
  type RuntimeInstrument,
  type RuntimeWatchOptions,
  runtimeInstrument,
  runtimeWatch,
} from './watch/runtime.ts';
export {
  type ScrapingAlert,
  type ScrapingInstrument,
  type ScrapingWatchOptions,
  scrapingWatch,
} from './watch/scraping.ts';
export {
  type SearchAlert,
  type SearchInstrument,
  type SearchWatchOptions,
  searchWatch,
} from './watch/search.ts';
export {
  type ServiceAlert,
  type ServiceInstrument,
  type ServiceWatchOptions,
  serviceWatch,
} from './watch/service.ts';
export {
  type StorageAlert,
  type StorageInstrument,
  type StorageWatchOptions,
  storageWatch,
} from './watch/storage.ts';
export {
  type SystemAlert,
  type SystemInstrument,
  type SystemWatchOptions,
  systemWatch,
} from './watch/system.ts';
export {
  type TranscodeAlert,
  type TranscodeInstrument,
  type TranscodeWatchOptions,
  transcodeWatch,
} from './watch/transcode.ts';
export {
  type TranscriptionAlert,
  type TranscriptionInstrument,
  type TranscriptionWatchOptions,
  transcriptionWatch,
} from './watch/transcription.ts';
export {
  type UploadsAlert,
  type UploadsInstrument,
  type UploadsWatchOptions,
  uploadsWatch,
} from './watch/uploads.ts';
export { type AlertTuning, RUNBOOKS, type Watch, type WatchOptions } from './watch/watch.ts';
export type { CounterLike, GaugeLike, HistogramLike, InfoLike } from './watch/watched-metric.ts';

// Who is told of alerts.

export {
  type Alerting,
  type AlertingSpec,
  type AlertRoute,
  alerting,
  type Receiver,
  type SecretSource,
} from './alerting/alerting.ts';
export { inhibitTraps } from './alerting/inhibition.ts';

// The configuration of one monitor: `binnacle.config.ts`.

export type {
  Config,
  ConfigSpec,
  DurationText,
  Environment,
  EnvironmentName,
  EnvironmentSpec,
  Service,
  ServiceSpec,
} from './config/config.ts';
export { defineConfig, isConfig } from './config/define-config.ts';

// The files of the real stack.

export { ALERT_TEMPLATE_PATH, ALERT_TEMPLATE_TEXT } from './generate/alert-template.ts';
export { type AlertmanagerOptions, renderAlertmanager } from './generate/alertmanager.ts';
export { BACKEND_NAMES, type BackendName } from './generate/backend.ts';
export { type GenerateOptions, generate } from './generate/generate.ts';
export { GENERATED_MARK, type GeneratedFile } from './generate/generated-file.ts';
export { type PrometheusSurroundings, renderPrometheus } from './generate/prometheus.ts';
export { ruleFiles } from './generate/rule-files.ts';

// Grafana's JSON, as it is written.

export type {
  GrafanaAnnotation,
  GrafanaDashboard,
  GrafanaDashboardLink,
  GrafanaDatasource,
  GrafanaPanel,
  GrafanaRow,
  GrafanaTarget,
  GrafanaVariable,
  GridPos,
} from './grafana/json.ts';
export { renderGrafana, stringifyDashboard } from './grafana/render.ts';

// Grafana's JSON, as it is read: into the model, as source, and as a list of what it asks.

export {
  type AnnotationQuery,
  type DashboardQuery,
  type DashboardSpot,
  type DatasourceUse,
  type Inventory,
  type InventoryPanel,
  type InventoryVariable,
  inventory,
  type LabelUse,
  type PanelQuery,
  type QueryLanguage,
  type TextPart,
  type VariableAsk,
  type VariableQuery,
  type VariableReference,
} from './grafana/inventory.ts';
export { type NormalizedDashboard, normalizeDashboard } from './grafana/normalize.ts';
export { type ReadDashboard, readGrafana } from './grafana/read.ts';
export type {
  ClassicAnnotation,
  ClassicDashboard,
  ClassicPanel,
  ClassicTarget,
  ClassicVariable,
} from './grafana/reading/classic.ts';
export { DashboardFormatError, type Note, type NoteCode } from './grafana/reading/note.ts';
export type { Reference } from './grafana/reading/references.ts';
export { dashboardSource, type SourceOptions } from './grafana/source.ts';

// Catalogs: the metrics of services, and how two of them differ.

export { type Asking, type Breakage, brokenBy, brokenIn } from './catalog/broken-by.ts';
export type { CatalogEntry, ServiceCatalog } from './catalog/catalog-data.ts';
export {
  type CatalogChange,
  type CatalogChangeKind,
  type CatalogDiff,
  diffCatalogs,
} from './catalog/catalog-diff.ts';
export {
  CATALOG_FILE_NAME,
  CATALOG_FILE_VERSION,
  CatalogFileError,
  readCatalogFile,
  renderCatalogFile,
} from './catalog/catalog-file.ts';
export { catalogsOf } from './catalog/catalogs-of.ts';
export {
  type CatalogOwner,
  catalogFromFamilies,
  type ScrapedFamily,
  type ScrapedOptions,
} from './catalog/scraped-families.ts';
export { inWordsOf } from './catalog/seen-catalog.ts';

// Checks of configurations, rules, dashboards and files.

export {
  type CheckRepositoryOptions,
  checkRepository,
  type RepositoryReport,
} from './check/check-repository.ts';
export type { CheckInput } from './check/context.ts';
export { type FileKind, fileKind } from './check/file-kind.ts';
export type { Place, Problem, SourceText } from './check/problem.ts';
export { ALL_CHECK_NAMES } from './check/registry.ts';
export {
  countsOf,
  hasProblemsOf,
  JSON_REPORT_VERSION,
  type Paint,
  type PaintStyle,
  renderGithubProblem,
  renderJsonReport,
  renderProblem,
  renderSummary,
} from './check/render.ts';
export { type Exposed, LABEL_VALUES_MAX } from './check/repository/exposed-checks.ts';
export type { TemplateProblem } from './check/rule-reader.ts';
export { IGNORE_FILE } from './check/suppression.ts';
