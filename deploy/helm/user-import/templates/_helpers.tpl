{{- define "user-import.labels" -}}
app.kubernetes.io/name: user-import
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "user-import.selector" -}}
app.kubernetes.io/name: user-import
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "user-import.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* Restricted pod security: a number that is not root, no token, no added right. */ -}}
{{- define "user-import.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* Over zones and nodes as far as there are any. */ -}}
{{- define "user-import.spread" -}}
topologySpreadConstraints:
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "user-import.selector" $ | nindent 8 }}
{{- end }}
{{- end }}

{{- define "user-import.container" -}}
image: {{ include "user-import.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "user-import.mounts" -}}
- {name: secrets, mountPath: /run/secrets/user-import, readOnly: true}
{{- if .root.Values.caConfigMap }}
- {name: ca, mountPath: /run/ca, readOnly: true}
{{- end }}
{{- end }}

{{- define "user-import.volumes" -}}
- name: secrets
  secret: {secretName: {{ get .root.Values.secrets .component }}, defaultMode: 0440}
{{- if .root.Values.caConfigMap }}
- name: ca
  configMap: {name: {{ .root.Values.caConfigMap }}}
{{- end }}
{{- end }}

{{- /* `healthz` asks nobody; `readyz` gives each neighbour 3 s itself. */ -}}
{{- define "user-import.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: {{ .port }}}
  periodSeconds: 2
  failureThreshold: 30
livenessProbe:
  httpGet: {path: /healthz, port: {{ .port }}}
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /readyz, port: {{ .port }}}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 2
{{- end }}
