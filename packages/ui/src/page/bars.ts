/** What only some dashboards have at their top; loaded when it is there. */

export { VariableBar } from '../variable/variable-bar.tsx';
export { AnnotationBar } from './annotation-bar.tsx';
export { LinkBar } from './link-bar.tsx';
