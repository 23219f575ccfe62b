/** What endpoints are called in the metrics: templates with braces, but for the health check, which has a name. */
export function endpointName(template: string): string {
  return template === '/health' ? 'health' : template;
}
